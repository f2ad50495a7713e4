"""Judge a Terraform plan by pure functions over `terraform show -json`."""
