"""AWS services behind the protocols of the domain; boto3 lives only here."""
