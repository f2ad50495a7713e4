"""Permissions as values, and the policy documents they end up in.

Documents are `aws_iam_policy_document` data sources: Terraform writes the JSON, and scanners that
are blind inside JSON strings see every statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
)

if TYPE_CHECKING:
    from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of a statement, such as `StringEquals aws:SourceAccount`."""

    test: str
    variable: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PolicyStatement:
    """Who may, or may not, do what to what.

    Attributes:
        sid: Letters and digits; unique within its document.
        actions: AWS actions in full.
        resources: ARNs.
        effect: Allow or Deny.
        service: The AWS service a resource policy speaks of, such as `events.amazonaws.com`.
        anybody: Whether a resource policy speaks of every principal.
        account: The account a resource policy speaks of, as the ARN of its root.
        conditions: All of them must hold.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str = "Allow"
    service: str | None = None
    anybody: bool = False
    account: str | None = None
    conditions: tuple[Condition, ...] = ()


class Grantable(Protocol):
    """Something with a role that can be given permissions."""

    def add_to_policy(self, statement: PolicyStatement) -> None:
        """Let the role do what the statement allows."""


class PolicyDocument:
    """A policy that grows by statements; equal statements stand in it once.

    Attributes:
        json: The document's text, a reference that Terraform resolves.
    """

    def __init__(self, scope: Construct, id_: str, *statements: PolicyStatement) -> None:
        """Start a document.

        Args:
            scope: The construct the policy belongs to.
            id_: The data source's construct id.
            statements: What it says to begin with.
        """
        self._statements = {each: _synthesised(each) for each in statements}
        self._document = DataAwsIamPolicyDocument(
            scope, id_, statement=list(self._statements.values()) or None
        )
        self.json: str = self._document.json

    def add(self, *statements: PolicyStatement) -> None:
        """Add statements that are not in the document yet.

        Args:
            statements: What to add.
        """
        new = {each: _synthesised(each) for each in statements if each not in self._statements}
        if new:
            self._statements |= new
            self._document.put_statement(list(self._statements.values()))


def assume_role_by(service: str, *conditions: Condition) -> PolicyStatement:
    """Give the statement that lets an AWS service take a role.

    Args:
        service: The service's principal, such as `lambda.amazonaws.com`.
        conditions: What else must hold.
    """
    return PolicyStatement(
        sid="Assume",
        actions=("sts:AssumeRole",),
        resources=(),
        service=service,
        conditions=conditions,
    )


def only_over_tls(actions: str, *resources: str) -> PolicyStatement:
    """Give the statement that refuses every request that is not encrypted in transit.

    Args:
        actions: The service's actions, such as `s3:*`.
        resources: What to protect.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    return PolicyStatement(
        sid="OnlyOverTls",
        effect="Deny",
        actions=(actions,),
        resources=resources,
        anybody=True,
        conditions=(Condition(test="Bool", variable="aws:SecureTransport", values=("false",)),),
    )


def _synthesised(statement: PolicyStatement) -> DataAwsIamPolicyDocumentStatement:
    principals = []
    if statement.service:
        principals = [("Service", statement.service)]
    elif statement.anybody:
        principals = [("*", "*")]
    elif statement.account:
        principals = [("AWS", statement.account)]
    return DataAwsIamPolicyDocumentStatement(
        sid=statement.sid,
        effect=statement.effect,
        actions=list(statement.actions),
        resources=list(statement.resources) or None,
        principals=[
            DataAwsIamPolicyDocumentStatementPrincipals(type=kind, identifiers=[identifier])
            for kind, identifier in principals
        ]
        or None,
        condition=[
            DataAwsIamPolicyDocumentStatementCondition(
                test=condition.test, variable=condition.variable, values=list(condition.values)
            )
            for condition in statement.conditions
        ]
        or None,
    )
