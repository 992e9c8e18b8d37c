from __future__ import annotations

import json

import msgspec
import pytest
from five_documents import GOLD, PREDICTED, Listed, corpus

from framing.evaluation import Evaluation, evaluate
from framing.report.evaluation import render_json, render_markdown


@pytest.fixture(scope="module")
def evaluation():
    models = [Listed("listed", PREDICTED), Listed("perfect|model", GOLD)]
    return evaluate(models, corpus(("far-1", "far-2", "far-3")), seed=7)


@pytest.fixture(scope="module")
def markdown(evaluation):
    return render_markdown(evaluation)


def section(markdown, title):
    """Return what stands between the first heading of a title and the next heading."""
    return markdown.split(f"# {title}\n")[1].split("\n#")[0]


def row(markdown, start):
    found = next(line for line in markdown.splitlines() if line.startswith(f"| {start} |"))
    return found.strip("| ").replace("\\|", "/").split(" | ")


def test_it_opens_with_split_and_signature(evaluation, markdown):
    lines = markdown.splitlines()
    assert lines[0] == "# Evaluation on the test split"
    assert lines[2] == f"`{evaluation.signature}`"


def test_documents_without_text_are_counted(markdown):
    assert "3 of 8 labelled documents of this split had no text here" in markdown


def test_models_stand_side_by_side(markdown):
    table = section(markdown, "Overlap F1 by device")  # of all documents, the first group
    assert row(table, "Device") == ["Device", "Gold spans, merged", "listed", "perfect/model"]
    micro = row(table, r"**all (micro)**")
    assert micro[:2] == ["**all (micro)**", "6"]
    assert micro[2].startswith("0.698 [")  # 187/268
    assert micro[3] == "1.000 [1.000, 1.000]"
    assert row(table, "sourcing_appeal")[2].startswith("0.600 [")


def test_all_measures_of_a_model_stand_in_one_table(markdown):
    table = markdown.split("### All devices together")[1]
    assert row(table, "Voice accuracy on matched spans")[1].startswith("0.667 [")
    assert row(table, "Average precision by sentence")[2] == "n/a"
    assert row(table, "False alarms in 1,000 neutral sentences")[1].startswith("307.7 [")  # 4/13
    assert row(table, "Predicted spans") == ["Predicted spans", "8", "6"]


def test_each_model_has_a_table_by_device(markdown):
    table = markdown.split("### By device: listed")[1]
    assert row(table, "Figure") == ["Figure", "denial", "sourcing_appeal"]
    assert [cell.split()[0] for cell in row(table, "Document F1")[1:]] == ["0.750", "0.800"]


def test_differences_are_signed_and_have_a_p_value(markdown):
    table = section(markdown, "Differences in overlap F1")
    cells = row(table, r"perfect\|model - listed")
    assert cells[1:3] == ["all", "denial"]
    assert cells[3].startswith("+0.228 [")  # 1 - 44/57
    assert 0 < float(cells[4]) <= 1


def test_models_are_listed_with_their_digest(evaluation, markdown):
    cells = row(section(markdown, "Models"), "listed")
    assert cells[1:4] == ["tfidf", "2026.1", f"`{evaluation.models[0].sha256[:12]}`"]


def test_every_table_has_as_many_cells_in_each_row(markdown):
    for block in markdown.split("\n\n"):
        if block.startswith("|"):
            widths = {line.replace("\\|", "").count("|") for line in block.splitlines()}
            assert len(widths) == 1


def test_limits_close_the_report(markdown):
    limits = section(markdown, "Limits")
    assert limits.strip().startswith("- Authored documents were written for this project")
    assert "p values are not corrected" in limits


def test_one_kind_of_documents_is_shown_once():
    alone = evaluate([Listed("listed", PREDICTED)], corpus(), collections=["real"])
    markdown = render_markdown(alone)
    assert "## Real documents" in markdown
    for absent in ("## All documents", "Authored documents", "## Differences", "p values"):
        assert absent not in markdown


def test_json_is_the_whole_evaluation(evaluation):
    content = render_json(evaluation)
    assert msgspec.json.decode(content, type=Evaluation) == evaluation
    micro = json.loads(content)["models"][0]["groups"]["all"]["micro"]
    assert micro["overlap"]["f1"]["value"] == pytest.approx(187 / 268)
