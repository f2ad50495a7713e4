"""Permissions that a plan adds and removes, and which of the changes allow more than before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from plan_review.drift import ECHOES
from plan_review.masking import SENSITIVE, UNKNOWN, anywhere, at
from plan_review.plan import Change, Kind
from plan_review.policies import (
    BOUNDARY,
    EVERYBODY,
    OPAQUE,
    Pair,
    Scope,
    UnreadablePolicyError,
    is_foreign,
    is_wild,
    matches,
    not_covered,
    pairs_of,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plan_review.masking import JsonValue
    from plan_review.plan import JsonObject, Plan


class Grant(NamedTuple):
    """Attributes of a permission without a document.

    Attributes:
        who: Who may.
        action: What, an attribute or a word.
        resource: On what.
        conditions: What ties it.
        opaque: What the rest says, which nobody reads here.
    """

    who: str
    action: str
    resource: str
    conditions: tuple[str, ...] = ()
    opaque: str = ""


USE = "use of"

GRANTS = {
    "aws_acmpca_permission": Grant(
        "principal", "actions", "certificate_authority_arn", ("source_account",)
    ),
    "aws_cloudwatch_event_permission": Grant(
        "principal", "action", "event_bus_name", opaque="condition"
    ),
    "aws_cloudwatch_log_subscription_filter": Grant(
        "destination_arn", "log events", "log_group_name"
    ),
    "aws_iam_access_key": Grant("user", "a new key", "user"),
    "aws_iam_group_membership": Grant("users", "membership", "group"),
    "aws_iam_group_policy_attachment": Grant("group", USE, "policy_arn"),
    "aws_iam_role_policy_attachment": Grant("role", USE, "policy_arn"),
    "aws_iam_user_group_membership": Grant("user", "membership", "groups"),
    "aws_iam_user_policy_attachment": Grant("user", USE, "policy_arn"),
    "aws_kms_grant": Grant("grantee_principal", "operations", "key_id", opaque="constraints"),
    "aws_lambda_function_url": Grant(
        "authorization_type", "lambda:InvokeFunctionUrl", "function_name"
    ),
    "aws_lambda_layer_version_permission": Grant(
        "principal", "action", "layer_name", ("organization_id",)
    ),
    "aws_lambda_permission": Grant(
        "principal",
        "action",
        "function_name",
        (
            "source_arn",
            "source_account",
            "principal_org_id",
            "function_url_auth_type",
            "event_source_token",
        ),
    ),
    "aws_s3_bucket_acl": Grant("acl", "access", "bucket", opaque="access_control_policy"),
    "aws_signer_signing_profile_permission": Grant("principal", "action", "profile_name"),
    "aws_sns_topic_subscription": Grant("endpoint", "messages", "topic_arn"),
}
"""Permissions without a document that are read."""

PERMISSION_TYPE = re.compile(
    r"_(polic(y|ies)|permissions?|attachments?|grants?|acl|authorization|access_key|access_entry"
    r"|function_url|subscription|subscription_filter|membership|boundary|exclusive|share"
    r"|allowed_principal|principal_association|login_profile|saml_provider"
    r"|openid_connect_provider|\w*_assignment|(policy|portfolio|role)_association"
    r"|\w*delegated_admin\w*|authorize_\w+"
    # What is made or run by others, with the rights that it brings.
    r"|cloudformation_(stack|stack_set|stack_set_instance|stack_instances|type)"
    r"|cloudcontrolapi_resource"
    r"|lambda_invocation|provisioned_product|ssm_association|pod_identity_association"
    r"|trust_anchor|replication_configuration|replicator|kinesis_streaming_destination"
    # What carries data out, or lets somebody in by a key of their own.
    r"|table_export|bucket_inventory|object_copy|pipes_pipe|firehose_delivery_stream|datasync_task"
    r"|transfer_user|service_specific_credential|user_ssh_key)$"
)
"""Types that decide who may what, or who gets the data; one that is not read here cannot be
judged."""

NO_PERMISSIONS = re.compile(
    r"aws_(("
    # Scaling, lifetimes, traffic: policies that give nobody access.
    r"app_cookie_stickiness|appautoscaling|autoscaling|batch_scheduling|cloudfront_\w+"
    r"|cloudwatch_log_data_protection|cloudwatch_log_index|dlm_lifecycle"
    r"|ecr_lifecycle|efs_backup|emr_managed_scaling|iam_account_password|imagebuilder_lifecycle"
    r"|lb_cookie_stickiness|lb_ssl_negotiation|lightsail_lb_\w+|load_balancer\w*|networkfirewall"
    r"_firewall|opensearchserverless_lifecycle|proxy_protocol|resiliencehub_resiliency"
    r"|route53_traffic|sns_topic_data_protection|sqs_queue_redrive_allow|sqs_queue_redrive"
    r")_policy"
    # What is attached is no permission.
    r"|(alb_target_group|autoscaling|autoscaling_traffic_source|elb"
    r"|internet_gateway|lb_target_group|lightsail_\w+|network_interface|network_interface_sg"
    r"|networkmanager_\w+|volume|vpclattice_target_group|vpn_gateway)_attachment"
    # Events that AWS tells, to a topic whose own policy is read.
    r"|(ce_anomaly|db_event|dms_event|docdb_event|neptune_event|redshift_event|cloudfront_monitoring"
    r"|quicksight_account|shield|spot_datafeed|vpc_network_performance_metric)_subscription"
    r")"
)
"""Types that look like permissions by their names and are none."""

POLICY_ATTRIBUTE = re.compile(r"polic(y|ies)|document|^content$")
"""Attributes that may hold policy documents."""

NO_DOCUMENTS = frozenset({"delivery_policy", "redrive_allow_policy", "redrive_policy"})

OWNERS = {
    "arn": "aws_sns_topic",
    "bucket": "aws_s3_bucket",
    "event_source_arn": "aws_sqs_queue",
    "function_name": "aws_lambda_function",
    "group": "aws_iam_group",
    "key_id": "aws_kms_key",
    "queue_url": "aws_sqs_queue",
    "role": "aws_iam_role",
    "topic_arn": "aws_sns_topic",
    "user": "aws_iam_user",
}
"""Owner of a permission, by the attribute that names it."""

OWNER_TYPES = frozenset(OWNERS.values())

PUBLIC_WORDS = frozenset({"*", "NONE", "authenticated-read", "public-read", "public-read-write"})
"""Values of grants that let everybody in."""

ADMIN_POLICY = re.compile(
    r"arn:[^:]*:iam::aws:policy/(\w+-?\w*/)?\w*(Admin|FullAccess|PowerUser)\w*"
)


@dataclass(frozen=True, kw_only=True)
class PermissionChange:
    """Gains and losses of a policy.

    Attributes:
        address: The resource that holds the policy.
        type: Its type.
        name: Whose policy it is.
        added: Pairs that are new.
        removed: Pairs that go.
        widening: Those of both that allow more than before; of a new owner, those that are wild
            or let others in.
        unknown: True if what it will say is not known, nobody may see it, or nobody can read it.
        new: True if the policy comes with its owner.
    """

    address: str
    type: str = ""
    name: str
    added: tuple[Pair, ...] = ()
    removed: tuple[Pair, ...] = ()
    widening: tuple[Pair, ...] = ()
    unknown: bool = False
    new: bool = False


def permission_changes(plan: Plan) -> tuple[PermissionChange, ...]:
    """Give the permissions that change.

    Args:
        plan: The plan.
    """
    owners = Owners(plan)
    policies = {
        str(each.after.get("arn"))
        for each in (*plan.changes, *plan.unchanged)
        if each.type == "aws_iam_policy" and each.after and each.after.get("arn")
    }
    found = []
    for change in plan.changes:
        if not _may_hold_permissions(change, plan) or change.kind in {Kind.MOVE, Kind.IMPORT}:
            continue
        name, new = owners.name(change), owners.is_new(change)
        try:
            before, after = _pairs(change, plan, old=True), _pairs(change, plan, old=False)
            if before == after:
                continue
            added, removed = after - before, before - after
            wider = set[Pair]()
            if not owners.is_destroyed(change):
                wider = _widening(added, removed, before, after)
            if new:
                wider = {
                    each
                    for each in wider
                    if is_wild(each) or _lets_in(each, change, plan.account_id, policies)
                }
        except (AttributeError, KeyError, TypeError, UnreadablePolicyError):
            found.append(
                PermissionChange(address=change.address, type=change.type, name=name, unknown=True)
            )
            continue
        found.append(
            PermissionChange(
                address=change.address,
                type=change.type,
                name=name,
                added=tuple(sorted(added)),
                removed=tuple(sorted(removed)),
                widening=tuple(sorted(wider)),
                new=new,
            )
        )
    return tuple(found)


def _may_hold_permissions(change: Change, plan: Plan) -> bool:
    if NO_PERMISSIONS.fullmatch(change.type):
        return False
    return bool(
        change.type in GRANTS
        or PERMISSION_TYPE.search(change.type)
        or any(True for _ in document_attributes(change, plan))
    )


def document_attributes(change: Change, plan: Plan) -> Iterator[str]:
    """Give the attributes of a resource that hold policy documents, or may.

    An attribute that nobody writes only repeats another resource of the stack, which is judged
    in its place.

    Args:
        change: The change of the resource.
        plan: The plan.
    """
    if NO_PERMISSIONS.fullmatch(change.type):
        return
    unknown = change.unknown if isinstance(change.unknown, dict) else {}
    names = {*(change.before or {}), *(change.after or {}), *unknown}
    written = plan.written(change.address) or {}
    for name in sorted(names - NO_DOCUMENTS):
        if not POLICY_ATTRIBUTE.search(name) and name not in _NAMED:
            continue
        sides = [str((side or {}).get(name) or "") for side in (change.before, change.after)]
        holds = any(_DOCUMENT.search(side) or (name in _NAMED and side) for side in sides)
        if name in written or not plan.is_known(change.address):
            judged = holds or anywhere(unknown.get(name))
        else:
            judged = holds and name not in ECHOES.get(change.type, {})
        if judged:
            yield name


_DOCUMENT = re.compile(r"statement|\\u00", re.IGNORECASE)
"""A policy's text, however its letters are written."""

_NAMED = frozenset({"managed_policy_arns", "permissions_boundary"})


def _widening(
    added: frozenset[Pair],
    removed: frozenset[Pair],
    before: frozenset[Pair],
    after: frozenset[Pair],
) -> set[Pair]:
    """Statements that allow more: not covered before, no longer denied, or without boundary."""
    return (
        not_covered(added, before, "Allow")
        | not_covered(removed, after, "Deny")
        | not_covered(removed, after, BOUNDARY)
    )


def _lets_in(pair: Pair, change: Change, own_account: str, policies: set[str]) -> bool:
    """Tell whether a pair lets in who is none of ours, or as much as an administrator may."""
    tied = bool(pair.condition)
    of_service = any("amazonaws.com" in each for each in pair.who)
    by_kind = {
        "aws_iam_access_key": True,
        # A service without a source: it may act for anybody's rule, bucket or topic.
        "aws_lambda_permission": of_service and not tied,
        # An address of mail, a telephone, a web server: nobody knows whose.
        "aws_sns_topic_subscription": not any(
            each.startswith("arn:") or UNKNOWN in each for each in pair.who
        ),
    }
    return (
        any(is_foreign(each, own_account) for each in pair.who)
        or (any(each.startswith("Federated") for each in pair.who) and not tied)
        or by_kind.get(change.type, False)
        or (str(pair.action) == USE and _is_mighty(str(pair.resource), policies))
    )


def _is_mighty(policy: str, policies: set[str]) -> bool:
    """Tell whether a named policy gives as much as an administrator has, or is not known."""
    known = policy in policies or UNKNOWN in policy or matches("arn:*:iam::aws:policy/*", policy)
    return bool(ADMIN_POLICY.fullmatch(policy)) or not known


def _pairs(change: Change, plan: Plan, *, old: bool) -> frozenset[Pair]:
    """The pairs of one side.

    Raises:
        UnreadablePolicyError: They are not known, hidden, or not of a kind that is read here.
    """
    raw = change.before if old else change.after
    side = change.shown_before if old else change.shown_after
    if raw is None:
        return frozenset()
    unknown = {} if old or not isinstance(change.unknown, dict) else change.unknown
    if not isinstance(side, dict) or (not old and change.unknown is True):
        raise UnreadablePolicyError(change.address)
    if change.type in GRANTS:
        return _granted(GRANTS[change.type], change, side, unknown, plan)
    written = plan.written(change.address) or {}
    found = frozenset[Pair]()
    read = False
    for name in document_attributes(change, plan):
        read = True
        if anywhere(unknown.get(name)):
            found |= _to_be_read(written.get(name), plan)
        else:
            found |= _documents(name, side.get(name), change)
    if not read and PERMISSION_TYPE.search(change.type):
        raise UnreadablePolicyError(change.address)
    return found


def _documents(name: str, value: JsonValue, change: Change) -> frozenset[Pair]:
    """The pairs of one attribute: a document, blocks of documents, or names of policies."""
    if not value:
        return frozenset()
    if SENSITIVE in str(value):
        raise UnreadablePolicyError(change.address)
    if name == "permissions_boundary":
        return frozenset({Pair(BOUNDARY, (), Scope(("*",)), Scope((str(value),)), "")})
    if name == "managed_policy_arns":
        return frozenset(
            Pair("Allow", (), Scope((USE,)), Scope((each,)), "") for each in texts(value)
        )
    if isinstance(value, str):
        return pairs_of(value)
    return frozenset(
        pair
        for block in value
        for each in block.values()
        if isinstance(each, str) and _DOCUMENT.search(each)
        for pair in pairs_of(each)
    )


def _granted(
    grant: Grant, change: Change, side: JsonObject, unknown: JsonObject, plan: Plan
) -> frozenset[Pair]:
    written = plan.written(change.address) or {}
    to_be_known = grant.opaque in written and unknown.get(grant.opaque)
    hidden = SENSITIVE in str([side.get(name) for name in _names(grant)])
    if side.get(grant.opaque) or to_be_known or hidden:
        raise UnreadablePolicyError(change.address)

    def told(name: str) -> list[str]:
        if unknown.get(name):
            return [_made_from(written.get(name))]
        return texts(side.get(name))

    ties = [
        f"{'from' if name == 'source_arn' else name} {' or '.join(told(name))}"
        for name in grant.conditions
        if told(name)
    ]
    return frozenset(
        Pair(
            "Allow",
            (EVERYBODY if who in PUBLIC_WORDS else who,),
            Scope((action,)),
            Scope((resource,)),
            " and ".join(ties),
        )
        for who in told(grant.who)
        for action in told(grant.action) or [grant.action]
        for resource in told(grant.resource)
    )


def _names(grant: Grant) -> tuple[str, ...]:
    return (grant.who, grant.action, grant.resource, *grant.conditions)


_PLAIN_DOCUMENT = re.compile(r"\$\{(data\.aws_iam_policy_document\.[\w-]+)\.json\}")
_MERGED = ("override_json", "override_policy_documents", "source_json", "source_policy_documents")


def _to_be_read(expression: JsonValue, plan: Plan) -> frozenset[Pair]:
    """Pairs of a document that Terraform writes while it applies; most of it is known already.

    Only the plain reference to a document that merges no others says what the document says.
    """
    plain = _PLAIN_DOCUMENT.fullmatch(expression) if isinstance(expression, str) else None
    read = plan.reads.get(plain[1]) if plain else None
    if plain is None or read is None or not isinstance(read.after, dict):
        raise UnreadablePolicyError(str(expression))
    unknown = read.unknown if isinstance(read.unknown, dict) else {"statement": True}
    name = plain[1].rpartition(".")[2]
    written = plan.source.get("data", {}).get("aws_iam_policy_document", {}).get(name, {})
    if any(read.after.get(key) or anywhere(unknown.get(key)) for key in _MERGED):
        raise UnreadablePolicyError(f"{plain[1]} merges documents")
    sources = written.get("statement") or []
    sources = sources if isinstance(sources, list) else [sources]
    statements = read.after.get("statement") or []
    if unknown.get("statement") is True or len(sources) != len(statements):
        raise UnreadablePolicyError(f"{plain[1]} has statements that are not known")
    return frozenset(
        pair
        for index, (statement, source) in enumerate(zip(statements, sources, strict=True))
        for pair in pairs_of(
            {"Statement": _as_document(statement, source, at(unknown.get("statement"), index))}
        )
    )


def _as_document(statement: JsonObject, source: JsonObject, unknown: JsonValue) -> JsonObject:
    """A block of Terraform as a statement of IAM, with what is not known named by its origin."""
    for key in ("effect", "actions", "not_actions", "not_resources", "not_principals"):
        if anywhere(at(unknown, key)):
            raise UnreadablePolicyError(f"{key} is not known")
    if at(unknown, "principals") is True or at(unknown, "condition") is True:
        raise UnreadablePolicyError("for whom, or under which condition, is not known")
    conditions: dict[str, dict[str, list[str]]] = {}
    for each, its_source in _beside(statement, source, "condition"):
        wanted = _known(each.get("values"), its_source.get("values"))
        conditions.setdefault(each["test"], {})[each["variable"]] = wanted
    principals: dict[str, list[str]] = {}
    for each, its_source in _beside(statement, source, "principals"):
        found = _known(each.get("identifiers"), its_source.get("identifiers"))
        principals.setdefault(each["type"], []).extend(found)
    others: dict[str, list[str]] = {}
    for each in statement.get("not_principals") or []:
        others.setdefault(each["type"], []).extend(texts(each.get("identifiers")))
    document: JsonObject = {
        "Effect": statement.get("effect") or "Allow",
        "Action": statement.get("actions"),
        "NotAction": statement.get("not_actions"),
        "NotResource": statement.get("not_resources"),
        "Principal": principals or None,
        "Condition": conditions,
    }
    if statement.get("resources") or anywhere(at(unknown, "resources")):
        document["Resource"] = _known(statement.get("resources"), source.get("resources"))
    return {**document, "NotPrincipal": others} if others else document


def _beside(
    statement: JsonObject, source: JsonObject, block: str
) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Blocks with how they are written; a provider may order them otherwise."""
    written = source.get(block) or []
    written = written if isinstance(written, list) else [written]
    key = "variable" if block == "condition" else "type"
    for each in statement.get(block) or []:
        same = [other for other in written if other.get(key) == each.get(key)]
        yield each, same[0] if len(same) == 1 else {}


def _known(values: JsonValue, written: JsonValue) -> list[str]:
    """Values, and in place of those that are not known yet what they are made from."""
    values = values or [None]
    known = [each for each in values if each is not None]
    made = [each for each in texts(written) if "${" in each]
    if len(known) == len(values):
        return known
    if len(made) != len(values) - len(known):
        return [*known, _made_from(made)]  # some are known, nobody can tell which
    resources = {each: _REFERENCE.fullmatch(each) for each in made}
    groups: dict[str, list[str]] = {}
    for each, plain in resources.items():
        groups.setdefault(plain["made_from"] if plain else "", []).append(each)
    return [*known, *map(_made_from, groups.values())]


_REFERENCE = re.compile(
    r"(?P<before>(arn:[^$*?]*)?)\$\{(?P<made_from>aws_\w+\.[\w-]+\.(arn|bucket|id|name|url))\}"
    r"(?P<behind>[^$]*)"
)


def _made_from(written: JsonValue) -> str:
    """A value that AWS will give, by what it is made from; only plain references can be told."""
    told = []
    for each in texts(written):
        plain = _REFERENCE.fullmatch(each)
        if plain is None:
            return OPAQUE
        told.append(f"{plain['before']}{plain['made_from']}{plain['behind']}")
    return f"{' and '.join(sorted(told))} {UNKNOWN}" if told else OPAQUE


class Owners:
    """Owner of permissions, and whether it comes or goes with the plan.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        # In another account or region one may be created by the name of one that is there.
        there = {
            (each.type, each.name)
            for each in (*plan.unchanged, *plan.changes)
            if each.before and each.type in OWNER_TYPES
        }
        self._created = {
            key
            for each in plan.changes
            if each.kind is Kind.CREATE and each.type in OWNER_TYPES
            for key in ((each.type, each.name), (each.type, each.address))
        } - there
        self._destroyed = {
            (each.type, each.name)
            for each in plan.changes
            if each.kind is Kind.DESTROY and each.type in OWNER_TYPES
        }

    def name(self, change: Change) -> str:
        """Give the name of what a resource belongs to, as it may be shown."""
        key = self._key(change)
        return key[1] if key else change.name or change.address

    def is_new(self, change: Change) -> bool:
        """Tell whether what a resource belongs to is created with it."""
        if change.kind is not Kind.CREATE:
            return False
        key = self._key(change)
        return key is not None and key in self._created

    def is_added_to_old(self, change: Change) -> bool:
        """Tell whether a resource is created for another one that is there already."""
        if change.kind is not Kind.CREATE or change.type in OWNER_TYPES:
            return False
        unknown = change.unknown if isinstance(change.unknown, dict) else {}
        if self._key(change) is None:
            return any(unknown.get(each) is True for each in OWNERS if each != "arn")
        return not self.is_new(change)

    def is_destroyed(self, change: Change) -> bool:
        """Tell whether what a resource belongs to is destroyed."""
        return self._key(change) in self._destroyed

    def _key(self, change: Change) -> tuple[str, str] | None:
        if change.type in OWNER_TYPES:
            return change.type, change.name or change.address
        written = self._plan.written(change.address) or {}
        for attribute, kind in OWNERS.items():
            if attribute == "arn" and change.type != "aws_sns_topic_policy":
                continue  # it names the resource itself
            for side in (change.shown_after, change.shown_before):
                value = side.get(attribute) if isinstance(side, dict) else None
                if value:
                    # The name alone, whether it stands in a URL or in an ARN.
                    return kind, str(value).rpartition("/")[2].rpartition(":")[2]
            plain = re.fullmatch(rf"\$\{{({kind}\.[\w-]+)\.\w+\}}", str(written.get(attribute)))
            if plain:
                return kind, plain[1]
        return None
