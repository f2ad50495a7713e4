"""Permissions as values, the roles and policies that hold them, and what a grant returns.

Documents are `aws_iam_policy_document` data sources: Terraform writes the JSON, and scanners that
are blind inside JSON strings see every statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy

from constructs_lib.validation import validate_types

if TYPE_CHECKING:
    from cdktf import TerraformResource
    from constructs import Construct

    from constructs_lib.encryption_key import EncryptionKey

EVERYBODY = ("*", "*")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of a statement, such as `StringEquals aws:SourceAccount`."""

    test: str
    variable: str
    values: tuple[str, ...]

    @property
    def names_a_source(self) -> bool:
        """True if any of the values is allowed as the resource that a service acts for."""
        return self.variable == "aws:SourceArn" and self.test in {"ArnEquals", "ArnLike"}


@dataclass(frozen=True, kw_only=True)
class PolicyStatement:
    """One statement of a policy.

    It has no Sid: statements come from whoever grants, and two that chose the same Sid would make a
    document that AWS refuses.

    Attributes:
        actions: AWS actions in full.
        resources: ARNs. Default: the role whose trust policy it is.
        effect: Allow or Deny. Default: Allow.
        principal: Type and identifier in a resource policy, such as `("Service",
            "events.amazonaws.com")`. Default: the role whose policy it is.
        conditions: Conditions, all of which must hold. Default: none.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    effect: str = "Allow"
    principal: tuple[str, str] | None = None
    conditions: tuple[Condition, ...] = ()


class Grantable(Protocol):
    """Something with a role that can be given permissions."""

    def add_to_policy(self, statement: PolicyStatement) -> TerraformResource:
        """Add a statement to the role's policy and return the policy."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Permissions that were given.

    Attributes:
        grantee: The construct whose role has them, or the principal of an AWS service.
        statements: Actions and resources.
        policies: The resources that hold the statements. Whatever AWS accepts only once the
            permissions are there names them in `depends_on`.
    """

    grantee: Grantable | str
    statements: tuple[PolicyStatement, ...]
    policies: tuple[TerraformResource, ...]

    @classmethod
    def to(
        cls,
        grantee: Grantable,
        actions: tuple[str, ...],
        *resources: str,
        key: EncryptionKey | None,
    ) -> Grant:
        """Give a role actions on resources, and the use of the key that encrypts them.

        Args:
            grantee: The construct whose role gets the permissions.
            actions: AWS actions in full.
            resources: ARNs.
            key: Customer managed key of the resources; None without one.
        """
        statement = PolicyStatement(actions=actions, resources=resources)
        policy = grantee.add_to_policy(statement)
        given = cls(grantee=grantee, statements=(statement,), policies=(policy,))
        return given.combined(key.grant_use(grantee)) if key else given

    def combined(self, other: Grant) -> Grant:
        """Return this grant and another as one.

        Args:
            other: A grant to the same grantee.
        """
        policies = (*self.policies, *(each for each in other.policies if each not in self.policies))
        return replace(self, statements=self.statements + other.statements, policies=policies)


class PolicyDocument:
    """A policy that grows by statements.

    Statements that differ in nothing but their resources are one statement over all of them, so
    that many grants stay within the size that IAM allows a role's policy. Those that name the
    source they are for, and differ in nothing but that, are one statement for all the sources: a
    queue's policy may have 20 statements and 10 conditions.

    Attributes:
        json: The document's text, a reference that Terraform resolves.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    """

    def __init__(
        self, scope: Construct, id_: str, *statements: PolicyStatement, sids: bool = False
    ) -> None:
        """Start a document.

        Args:
            scope: The construct the policy belongs to.
            id_: The data source's construct id.
            statements: Its first statements.
            sids: Number the statements, as SQS and SNS may insist on Sids.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
        """
        self._scope, self._id, self._sids = scope, id_, sids
        self._arns: dict[PolicyStatement, dict[str, None]] = {}
        self._synthesised: dict[PolicyStatement, DataAwsIamPolicyDocumentStatement] = {}
        self._document = DataAwsIamPolicyDocument(scope, id_)
        self.json: str = self._document.json
        self.add(*statements)

    def add(self, *statements: PolicyStatement) -> None:
        """Add statements that are not in the document yet.

        Args:
            statements: Statements to add.

        Raises:
            InvalidPropsError: A statement has other types than it declares, such as a text for a
                tuple of texts.
        """
        changed = False
        for each in statements:
            validate_types(self._scope, self._id, each)
            bare, more = _without_arns(each)
            arns = self._arns.setdefault(bare, {})
            known = len(arns)
            arns.update(dict.fromkeys(more))
            if bare in self._synthesised and len(arns) == known:
                continue
            # A statement keeps its place, and with it its number.
            number = list(self._arns).index(bare) + 1
            sid = f"Statement{number}" if self._sids else None
            self._synthesised[bare] = _synthesised(_with_arns(bare, tuple(arns)), sid)
            changed = True
        if changed:
            self._document.put_statement(list(self._synthesised.values()))


class ServiceRole:
    """A role that one AWS service assumes, with one inline policy that holds all its permissions.

    Attributes:
        resource: The role itself.
        role_arn: The role's ARN.
        policy: The inline policy.
    """

    def __init__(
        self, scope: Construct, role_name: str, service: str, *conditions: Condition
    ) -> None:
        """Create the role's resources.

        Args:
            scope: The construct that acts with the role.
            role_name: The role's name.
            service: Principal of the service, such as `lambda.amazonaws.com`.
            conditions: Conditions of assuming it.
        """
        trust = PolicyDocument(
            scope,
            "Trust",
            PolicyStatement(
                actions=("sts:AssumeRole",),
                principal=("Service", service),
                conditions=conditions,
            ),
        )
        self.resource = IamRole(
            scope,
            "Role",
            name=role_name,
            description=f"Execution role of {role_name}",
            assume_role_policy=trust.json,
        )
        self.role_arn: str = self.resource.arn
        self._permissions = PolicyDocument(scope, "Permissions")
        self.policy = IamRolePolicy(
            scope,
            "Policy",
            name="permissions",
            role=self.resource.name,
            policy=self._permissions.json,
        )

    def add_to_policy(self, statement: PolicyStatement) -> TerraformResource:
        """Add a statement to the role's policy and return the policy.

        Args:
            statement: Actions and resources.
        """
        self._permissions.add(statement)
        return self.policy


def only_over_tls(action: str, *resources: str) -> PolicyStatement:
    """Return the statement that denies every request that is not encrypted in transit.

    Args:
        action: The service's actions, such as `s3:*`.
        resources: ARNs to protect.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    return PolicyStatement(
        effect="Deny",
        actions=(action,),
        resources=resources,
        principal=EVERYBODY,
        conditions=(Condition(test="Bool", variable="aws:SecureTransport", values=("false",)),),
    )


def only_of_account(account_id: str) -> Condition:
    """Return the condition that a service acts on behalf of one account.

    Args:
        account_id: Twelve digits.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return Condition(test="StringEquals", variable="aws:SourceAccount", values=(account_id,))


def statement_id(construct: Construct) -> str:
    """Return an id for a construct's statement in the policy of another resource.

    Args:
        construct: The construct that the statement is for; its path makes the id unique.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
    """
    readable = re.sub("[^A-Za-z0-9]+", "-", construct.node.path)
    return f"{readable[:90]}-{construct.node.addr[-8:]}"


def _without_arns(statement: PolicyStatement) -> tuple[PolicyStatement, tuple[str, ...]]:
    """Return a statement without the ARNs that may be more, and these: its sources or resources."""
    sources = next((each for each in statement.conditions if each.names_a_source), None)
    if sources is None:
        return replace(statement, resources=()), statement.resources
    bare = tuple(
        replace(each, values=()) if each is sources else each for each in statement.conditions
    )
    return replace(statement, conditions=bare), sources.values


def _with_arns(bare: PolicyStatement, arns: tuple[str, ...]) -> PolicyStatement:
    """Return a statement with the ARNs that it was without."""
    if all(each.values for each in bare.conditions):
        return replace(bare, resources=arns)
    conditions = tuple(
        each if each.values else replace(each, values=arns) for each in bare.conditions
    )
    return replace(bare, conditions=conditions)


def _synthesised(statement: PolicyStatement, sid: str | None) -> DataAwsIamPolicyDocumentStatement:
    principals = []
    if statement.principal:
        kind, name = statement.principal
        principals = [DataAwsIamPolicyDocumentStatementPrincipals(type=kind, identifiers=[name])]
    return DataAwsIamPolicyDocumentStatement(
        sid=sid,
        effect=statement.effect,
        actions=list(statement.actions),
        resources=list(statement.resources) or None,
        principals=principals or None,
        condition=[
            DataAwsIamPolicyDocumentStatementCondition(
                test=each.test, variable=each.variable, values=list(each.values)
            )
            for each in statement.conditions
        ]
        or None,
    )
