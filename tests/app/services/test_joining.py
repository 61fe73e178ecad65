"""A new signature that is a known problem with another name joins its issue, says why, and stays split when a person says so."""

from app.storage.issues import IssueFilter

LINE = "2026-05-01 10:00:{:02d},000 ERROR [main] com.shop.Store: could not read rows of the table {} because the file is damaged"


def issues(parts):
    return {issue.title: issue for issue in parts.inbox.page(IssueFilter(routine=True, muted=True), limit=500).issues}


def store(parts, *tables, second=0):
    lines = [LINE.format(second + place, table) for place, table in enumerate(tables)]
    return parts.ingest.text("\n".join(lines), actor="ada")


def test_another_table_is_the_same_issue_and_the_log_says_why(parts):
    store(parts, "customer_orders")
    upload = store(parts, "customer_invoices", "stock_items", second=10)
    (issue,) = issues(parts).values()
    assert (issue.count, upload.new_signatures) == (3, 2)
    joins = parts.store.log.entries(kinds=("merge",))
    assert {(entry.actor, entry.answer["into"]) for entry in joins} == {("stacklens", issue.id)}
    assert len(joins) == 2
    assert joins[0].shown["reason"] == "same template, other name: customer_invoices and customer_orders"
    assert parts.store.log.rebuild() == 0


def test_three_of_one_upload_are_one_issue(parts):
    store(parts, "customer_orders", "customer_invoices", "stock_items")
    assert [issue.count for issue in issues(parts).values()] == [3]


def test_another_word_is_another_problem(parts):
    store(parts, "customer_orders")
    parts.ingest.text(LINE.format(20, "customer_orders").replace("damaged", "locked"), actor="ada")
    assert len(issues(parts)) == 2


def test_what_a_person_splits_stays_split_when_it_comes_again_and_after_a_rebuild(parts):
    store(parts, "customer_orders", "stock_items")
    (issue,) = issues(parts).values()
    member = parts.store.grouping.members(issue.id)[1]
    parts.triage.say("split", issue.id, actor="ada", key="k", answer={"signature": member.id})
    store(parts, "stock_items", second=30)
    assert sorted(found.count for found in issues(parts).values()) == [1, 2]
    assert parts.store.log.rebuild() == 0


def test_an_undo_of_a_person_does_not_take_back_a_join(parts):
    store(parts, "customer_orders", "stock_items")
    (issue,) = issues(parts).values()
    parts.triage.say("acknowledge", issue.id, actor="ada", key="a")
    parts.triage.undo(issue.id, actor="ada", key="u")
    assert [found.count for found in issues(parts).values()] == [2]
