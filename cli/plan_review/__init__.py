"""What a Terraform plan would do, judged by pure functions over `terraform show -json`."""
