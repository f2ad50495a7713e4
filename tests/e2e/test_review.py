"""New code, from a changed file to a reviewed and applied plan, with real Terraform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_cloud.stack import Deployment
    from stack_copy import StackCopy

SUMMARY = "aws_lambda_function.Summary_68521F81"
ITEMS = "aws_dynamodb_table.Items_5C12978B"


def test_one_changed_file_is_one_change_that_is_reviewed_and_applied(
    deployment: Deployment, stack_copy: StackCopy
) -> None:
    """The plan has one change, the review names the file, and a zip that is swapped is refused."""
    handler = stack_copy.checkout / "functions" / "inventory" / "handlers" / "summary.py"
    deployed = _code_of_summary(deployment)
    handler.write_bytes(handler.read_bytes() + b"\n")
    stack_copy.synthesise()
    package = stack_copy.stack / "assets" / "summary.zip"
    content = package.read_bytes()

    assert stack_copy.terraform.save_plan(stack_copy.plan_file)
    package.write_bytes(content + b"evil")
    assert stack_copy.inventory("review", "--no-policy")[0] == 3
    package.write_bytes(content)
    code, text = stack_copy.inventory("review", "--no-policy", "--strict")
    changed = [
        each["address"]
        for each in stack_copy.terraform.show_plan(stack_copy.plan_file)["resource_changes"]
        if each["change"]["actions"] != ["no-op"]
    ]

    assert changed == [SUMMARY]
    assert (code, "1 changed in place" in text) == (0, True), text
    assert "inventory/handlers/summary.py" in text

    package.write_bytes(content + b"evil")
    assert stack_copy.inventory("apply")[0] == 3
    assert _code_of_summary(deployment) == deployed
    package.write_bytes(content)
    try:
        assert stack_copy.inventory("apply")[0] == 0
        assert _code_of_summary(deployment) != deployed
        assert not stack_copy.terraform.save_plan(stack_copy.plan_file)
        code, text = stack_copy.inventory("review", "--no-policy")
        # A plan file does not say that it was made after a look at what is deployed.
        assert (code, "Nothing to apply" in text) == (0, True), text
    finally:
        # As `terraform apply` of the deployed stack would, which differs in nothing else.
        deployment.cloud.client("lambda").update_function_code(
            FunctionName=deployment.outputs["summary_function_name"],
            ZipFile=(deployment.folder / "assets" / "summary.zip").read_bytes(),
        )
    assert _code_of_summary(deployment) == deployed


def test_fails_for_a_table_that_would_be_replaced(stack_copy: StackCopy) -> None:
    """The review refuses it, and so does apply; named, it passes the review."""
    file = stack_copy.stack / "cdk.tf.json"
    stack = json.loads(file.read_text())
    table = stack["resource"]["aws_dynamodb_table"][ITEMS.partition(".")[2]]
    table["range_key"] = table["attribute"][1]["name"] = "shop"
    file.write_text(json.dumps(stack))
    # The state is that of a stack that was just deployed.
    assert stack_copy.terraform.save_plan(stack_copy.plan_file, "-refresh=false")

    code, text = stack_copy.inventory("review", "--no-policy")

    assert code == 3, text
    assert "HOLDS ITEMS" in text
    assert stack_copy.inventory("apply")[0] == 3
    assert stack_copy.inventory("review", "--no-policy", "--allow", ITEMS)[0] == 0


def _code_of_summary(deployment: Deployment) -> str:
    function = deployment.outputs["summary_function_name"]
    answer = deployment.cloud.client("lambda").get_function(FunctionName=function)
    return answer["Configuration"]["CodeSha256"]
