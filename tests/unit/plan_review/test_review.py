"""What a review says about plans that real Terraform made."""

from __future__ import annotations

import pytest

from plan_review.plan import Kind, UnknownPlanError, read_plan
from plan_review.review import UnusedAllowanceError, review
from plan_review.sections import headline, sections

ITEMS = "aws_dynamodb_table.Items_5C12978B"


def texts(result) -> str:
    """Give everything that a review says."""
    lines = [headline(result)]
    for section in sections(result):
        lines.append(section.title)
        lines += [
            f"{line.sign} {line.subject} {line.note} {line.quoted}".rstrip()
            for line in section.lines
        ]
    return "\n".join(lines)


def titles(result) -> list[str]:
    """Give the titles of a review's sections."""
    return [section.title for section in sections(result)]


def test_no_changes_are_called_so(judge) -> None:
    """A plan right after an apply has nothing to say, though Terraform lists 56 echoes as drift."""
    result = judge("no-op")

    assert result.empty
    assert headline(result) == "No changes: what is deployed is what the configuration says."
    assert len(result.plan.drift) > 50
    assert titles(result) == []
    assert result.attention == ()


def test_a_first_deployment_shows_permissions_and_cost(judge) -> None:
    """Actions are known before anything exists; nothing is refused."""
    result = judge("create")

    assert result.refused == ()
    assert headline(result).startswith(f"{len(result.plan.changes)} created")
    (processor,) = (
        each
        for each in result.permissions
        if each.name == "inventory-processor-dev" and "role_policy" in each.address
    )
    assert {str(pair.action) for pair in processor.added} >= {
        "dynamodb:PartiQLUpdate",
        "s3:GetObject",
    }
    assert {str(pair.action) for pair in processor.widening} == {
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert not processor.removed
    assert processor.new
    assert "xray:PutTraceSegments on * WILD" in texts(result)
    assert result.costs.unpriced == ()
    assert 10 < result.costs.difference < 25


def test_new_code_is_one_change_with_its_files(judge) -> None:
    """One byte of one file changes one function and nothing else."""
    result = judge("code-change")

    assert [(each.address, each.kind) for each in result.plan.changes] == [
        ("aws_lambda_function.Summary_68521F81", Kind.UPDATE)
    ]
    (code,) = result.code
    assert code.function == "inventory-summary-dev"
    assert (code.added, code.changed, code.removed) == ((), ("inventory/handlers/summary.py",), ())
    assert titles(result) == ["Code of functions", "Changed in place"]
    assert result.output_changes == ()
    assert result.attention == ()


def test_a_table_that_is_replaced_comes_first_and_is_refused(judge) -> None:
    """With why, and with what would be lost."""
    result = judge("table-replacement")

    assert result.refused == (ITEMS,)
    assert titles(result)[:2] == ["Refused: data would be lost", "Destroyed, replaced or forgotten"]
    refused, destroyed = sections(result)[:2]
    assert refused.loud
    assert destroyed.loud
    assert refused.lines[0].quoted == f"--allow {ITEMS}"
    assert destroyed.lines[0].note == "REPLACED, HOLDS ITEMS, because of"
    assert destroyed.lines[0].quoted == "range_key"
    assert destroyed.lines[1].subject == "range_key: location -> shop"


def test_a_table_may_be_replaced_by_name_alone(judge) -> None:
    """The allowance names it; everything else is still refused."""
    assert judge("table-replacement", allowed=[ITEMS]).refused == ()
    result = judge("destroy", allowed=[ITEMS])
    assert ITEMS not in result.refused
    assert result.allowed == (ITEMS,)
    assert len(result.refused) == len(judge("destroy").refused) - 1 == 11


def test_fails_for_an_allowance_of_nothing(judge) -> None:
    """A leftover would let a later plan pass."""
    with pytest.raises(UnusedAllowanceError, match="Items_5C12978B"):
        judge("no-op", allowed=[ITEMS])


def test_what_holds_data_is_refused_when_all_is_destroyed(judge) -> None:
    """Tables, buckets, queues, logs and the key; they come before what can be made again."""
    result = judge("destroy")
    types = {address.partition(".")[0] for address in result.refused}

    assert types == {
        "aws_cloudwatch_log_group",
        "aws_dynamodb_table",
        "aws_kms_key",
        "aws_s3_bucket",
        "aws_sqs_queue",
    }
    first = [each.address for each in result.destructive[: len(result.refused)]]
    assert first == list(result.refused)
    assert result.costs.difference < -10
    assert not result.widening


def test_a_widened_role_is_flagged_pair_by_pair(judge) -> None:
    """What it may do from now on, and that it is more."""
    result = judge("widened-role")

    (permission,) = result.permissions
    assert permission.name == "inventory-processor-dev"
    assert [str(pair) for pair in permission.added] == ["dynamodb:DeleteItem on *"]
    assert permission.widening == permission.added
    assert permission.removed == ()
    assert result.attention == ("permissions are widened, or new ones have wildcards",)


def test_a_secret_is_never_shown(judge, recorded) -> None:
    """The plan holds it in clear, the review nowhere."""
    assert "s3cr3t-t0ken" in str(recorded("secret"))

    shown = texts(judge("secret"))

    assert "s3cr3t-t0ken" not in shown
    assert "environment.0.variables.WEBHOOK_TOKEN: (absent) -> (sensitive)" in shown


def test_drift_is_told_apart_from_what_was_meant(judge) -> None:
    """Who changed the logs' retention by hand finds it here, and what Terraform will do below."""
    result = judge("drift")

    (drift,) = result.drift
    assert drift.address == "aws_cloudwatch_log_group.Summary_LogGroup_4820F4B8"
    (difference,) = drift.differences
    assert (difference.before, difference.after) == ("7", "1")
    assert result.attention == ("something changed outside of Terraform",)
    assert "retention_in_days: 1 -> 7" in texts(result)
    assert result.permissions == ()


def test_what_is_gone_is_drift(plan_of, change) -> None:
    """Somebody deleted it; Terraform will make it anew, empty."""
    gone = change("aws_sqs_queue.Work", ["delete"], {"name": "work"})
    result = review(read_plan(plan_of(resource_drift=[gone])))

    assert result.drift[0].gone
    assert "is gone" in texts(result)


def test_findings_of_the_policy_checks_are_loud(judge) -> None:
    """They need attention; that none were made is another thing than that none were found."""
    result = judge("no-op", findings=["CKV_AWS_18 Uploads: logging"])

    assert titles(result) == ["Policy findings"]
    assert result.attention == ("policy checks found something",)
    assert judge("no-op", findings=[]).findings == ()
    assert judge("no-op").findings is None


def test_outputs_that_change_are_shown(plan_of) -> None:
    """Others rest on them; a sensitive one stays hidden."""
    output = {"actions": ["update"], "before": "old", "after": "new"}
    document = plan_of(
        output_changes={
            "table": output,
            "token": {**output, "before_sensitive": True, "after_sensitive": True},
            "same": {"actions": ["no-op"], "before": "x", "after": "x"},
        }
    )
    result = review(read_plan(document))

    assert headline(result) == "2 outputs changed."
    assert "table: old -> new" in texts(result)
    assert "token: (sensitive) -> (sensitive)" in texts(result)


@pytest.mark.parametrize(
    ("actions", "kind"),
    [
        (["create"], Kind.CREATE),
        (["update"], Kind.UPDATE),
        (["delete"], Kind.DESTROY),
        (["delete", "create"], Kind.REPLACE),
        (["create", "delete"], Kind.REPLACE),
        (["forget"], Kind.FORGET),
    ],
)
def test_every_action_has_its_kind(plan_of, change, actions, kind) -> None:
    """Created before it is destroyed, or after: it is replaced."""
    queue = change("aws_sqs_queue.Q", actions, {"name": "q"}, {"name": "q"})
    (found,) = read_plan(plan_of(queue)).changes

    assert found.kind is kind


def test_what_moves_or_is_imported_is_shown(plan_of, change) -> None:
    """Nothing happens to it, but the state changes."""
    moved = {**change("aws_sqs_queue.New", ["no-op"]), "previous_address": "aws_sqs_queue.Old"}
    imported = change("aws_sqs_queue.In", ["no-op"], importing={"id": "x"})
    kinds = [each.kind for each in read_plan(plan_of(moved, imported)).changes]

    assert kinds == [Kind.MOVE, Kind.IMPORT]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"format_version": "2.0", "resource_changes": []},
        {"format_version": "1.2"},
        {"format_version": "1.2", "resource_changes": [], "errored": True},
    ],
)
def test_fails_for_what_is_no_plan(document) -> None:
    """A format that is not known, the JSON of a state, or a plan that failed."""
    with pytest.raises(UnknownPlanError):
        read_plan(document)


def test_fails_for_an_action_that_is_not_known(plan_of, change) -> None:
    """It could be a loss."""
    with pytest.raises(UnknownPlanError, match="explode"):
        read_plan(plan_of(change("aws_sqs_queue.Q", ["explode"])))


def test_when_a_service_last_worked_is_no_drift(plan_of, change) -> None:
    """A function that was invoked and a mapping that ran are what Terraform left."""
    ran = change(
        "aws_lambda_event_source_mapping.Work",
        ["update"],
        {"last_processing_result": "No records processed", "batch_size": 1},
        {"last_processing_result": "OK", "batch_size": 1},
    )
    touched = change(
        "aws_lambda_function.Processor",
        ["update"],
        {"last_modified": "2026-11-22T20:00:00", "timeout": 900},
        {"last_modified": "2026-11-22T21:00:00", "timeout": 60},
    )

    result = review(read_plan(plan_of(resource_drift=[ran, touched])))

    (drift,) = result.drift
    assert [each.path for each in drift.differences] == ["timeout"]
