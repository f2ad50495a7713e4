"""Text that Terraform must not read as an expression."""

from __future__ import annotations


def literal(text: str) -> str:
    """Give a text that Terraform takes as it stands.

    Args:
        text: Text from outside, such as a tag's value.

    Source: https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
    """
    return text.replace("${", "$${").replace("%{", "%%{")
