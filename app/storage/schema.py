"""The tables, as they are now. Migrations build them; this module is how queries name them.

Times are UTC seconds since the epoch (REAL). A vector is its float32 bytes in C order.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
)

metadata = MetaData()

uploads = Table(
    "uploads",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),  # paste, file, stdin, rest, sample
    Column("actor", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String, nullable=False),  # running, done, cancelled, failed
    Column("lines", Integer, nullable=False, default=0),
    Column("events", Integer, nullable=False, default=0),
    Column("duplicates", Integer, nullable=False, default=0),
    Column("signatures", Integer, nullable=False, default=0),
    Column("new_signatures", Integer, nullable=False, default=0),
    Column("problems", JSON, nullable=False, default=dict),
    Column("redacted", JSON, nullable=False, default=dict),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("simulated", Boolean, nullable=False, default=False),
    sqlite_autoincrement=True,  # an id is never given twice: the log outlives what it speaks of
)

issues = Table(
    "issues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    # what the models say, corrected by people
    Column("severity", String, nullable=False),
    Column("category", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("strangeness", Float, nullable=False),
    Column("routine", Boolean, nullable=False),
    # the sum of its signatures' events
    Column("count", Integer, nullable=False, default=0),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("service", String, nullable=False, default=""),
    # the fold of its log entries
    Column("status", String, nullable=False, default="open"),
    Column("assignee", String, nullable=False, default=""),
    Column("muted_until", Float),
    Column("mute_per_hour", Integer),
    Column("accepted_action", String, nullable=False, default=""),
    Column("rejected_actions", JSON, nullable=False, default=list),
    Column("resolved_at", Float),
    Column("resolved_by", String, nullable=False, default=""),
    Column("resolution_note", Text, nullable=False, default=""),
    Column("worked", String, nullable=False, default=""),
    Column("regressed_at", Float),
    Column("recurred_within_24h", Boolean),
    Index("issues_by_urgency", "status", "severity", "last_seen"),
    sqlite_autoincrement=True,  # an id is never given twice: the log outlives what it speaks of
)

signatures = Table(
    "signatures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", Integer, nullable=False, index=True),
    # the issue of its birth, the id that the log knows it by if not its own, the log's row from which on entries move it
    Column("home_id", Integer, nullable=False, index=True),
    Column("origin_id", Integer),
    Column("grouped_from", Integer, nullable=False, default=0),
    Column("title", Text, nullable=False),
    Column("key", String(32), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("normaliser", String, nullable=False),
    Column("raw", Text, nullable=False),  # of the first event: what people read
    Column("exception_type", String, nullable=False, default=""),
    Column("level", String, nullable=False, default=""),
    Column("encoder", String, nullable=False, index=True),
    Column("vector", LargeBinary, nullable=False),
    Column("reading", JSON, nullable=False),
    Column("reader", String, nullable=False),
    Column("strangeness", Float, nullable=False),
    Column("detector", String, nullable=False),
    sqlite_autoincrement=True,  # an id is never given twice: the log outlives what it speaks of
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("signature_id", Integer, nullable=False),
    Column("upload_id", Integer, nullable=False, index=True),
    Column("identity", BigInteger, unique=True),  # NULL for lines without a time of their own
    Column("time", Float, nullable=False, index=True),
    Column("time_note", String, nullable=False, default=""),
    Column("level", String, nullable=False, default=""),
    Column("service", String, nullable=False, default=""),
    Column("host", String, nullable=False, default=""),
    Column("logger", String, nullable=False, default=""),
    Column("format", String, nullable=False, default=""),
    Column("raw", Text, nullable=False),
    Column("source_file", String, nullable=False, default=""),
    Column("source_line", Integer, nullable=False, default=0),
    Column("problem", String, nullable=False, default=""),
    Index("events_of_signature", "signature_id", "time", "service"),
)

#: What a signature names; two triggers keep it in step with the signature.
signature_entities = Table(
    "signature_entities",
    metadata,
    Column("signature_id", Integer, primary_key=True, autoincrement=False),
    Column("label", String, primary_key=True),
    Column("value", Text, primary_key=True),
    Index("entities_by_value", "label", "value"),
)

#: How strange each detector finds a signature, in [0, 1]; "combined" is one of them. Goes with the signature and its vector.
signature_anomaly = Table(
    "signature_anomaly",
    metadata,
    Column("signature_id", Integer, primary_key=True, autoincrement=False),
    Column("detector", String, primary_key=True),
    Column("score", Float, nullable=False),
    Column("similarity", Float, nullable=False),  # cosine to the nearest known error
    Column("version", String, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False, index=True),
    Column("issue_id", Integer, index=True),
    Column("signature_id", Integer),
    Column("answer", JSON, nullable=False, default=dict),
    Column("shown", JSON, nullable=False, default=dict),
    Column("model", String, nullable=False, default=""),
    Column("propensity", Float),
    sqlite_autoincrement=True,  # an id is never given twice: the log outlives what it speaks of
)

#: A question of the label queue, given to one person until a time; a row that is over counts as none.
label_leases = Table(
    "label_leases",
    metadata,
    Column("signature_id", Integer, primary_key=True, autoincrement=False),
    Column("actor", String, nullable=False),
    Column("until", Float, nullable=False),
)

#: What was expected to fail, and what did. `at` is the moment up to which errors were read, `made_at` that of the reading.
forecasts = Table(
    "forecasts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("model", String, nullable=False),
    Column("probability", Float, nullable=False),
    Column("low", Float),  # minutes; NULL where no failure was expected
    Column("median", Float),
    Column("high", Float),
    Column("service", String, nullable=False, default=""),
    Column("next_errors", JSON, nullable=False, default=list),  # (signature, probability)
    Column("forecastable", Boolean, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column(
        "outcome", String, nullable=False, default="", index=True
    ),  # right, false alarm, missed, quiet, none; "" too early
    Column("failed_at", Float),
    Column("failed_service", String, nullable=False, default=""),
    Column("next_rank", Integer),  # place of the error that came next, -1 where it was not listed
    UniqueConstraint("at", "model"),
    sqlite_autoincrement=True,
)

runbooks = Table(
    "runbooks",
    metadata,
    Column("action", String, primary_key=True),
    Column("service", String, primary_key=True),  # "" = any service
    Column("url", Text, nullable=False),
)

visits = Table(
    "visits",
    metadata,
    Column("actor", String, primary_key=True),
    Column("at", Float, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

#: Service graphs that were given. `services`: [{"name", "kind"}]; `calls`: [caller, callee, protocol, known by, certainty], the
#: first two by place in `services`, the fourth by place in graph_reading.KNOWN_BY.
topologies = Table(
    "topologies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("services", JSON, nullable=False),
    Column("calls", JSON, nullable=False),
    sqlite_autoincrement=True,
)

#: Releases: version `version` of `service` went live at `at`. The same marker twice is one row.
deploys = Table(
    "deploys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("service", String, nullable=False),
    Column("version", String, nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("actor", String, nullable=False),
    UniqueConstraint("service", "version", "at"),
    sqlite_autoincrement=True,
)

#: Versions of the models. `replaced`: the version that answered before this one did, for the way back; `share` of an A/B test.
versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("version", String, nullable=False),
    Column("state", String, nullable=False),  # candidate, shadow, ab, current, retired
    Column("since", Float, nullable=False),
    Column("created", Float, nullable=False),
    Column("code", String, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("data", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("sha256", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("share", Float, nullable=False),
    Column("replaced", String, nullable=False),
    UniqueConstraint("name", "version"),
    sqlite_autoincrement=True,
)

#: What a version in waiting reads, stored and not shown.
shadow_readings = Table(
    "shadow_readings",
    metadata,
    Column("version_id", Integer, primary_key=True, autoincrement=False),
    Column("signature_id", Integer, primary_key=True, autoincrement=False),
    Column("severity", String, nullable=False),
    Column("category", String, nullable=False),
    Column("confidence", Float, nullable=False),
)

#: Work outside the web process. The row is the truth, the queue only says when.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),  # queued, running, done, failed, cancelled
    Column("actor", String, nullable=False),
    Column("queued_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("progress", Float, nullable=False),
    Column("said", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("cancel", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

#: Where alerts go. `target` is a secret: an address that holds a key or a password.
alert_destinations = Table(
    "alert_destinations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),  # webhook, slack, email
    Column("target", Text, nullable=False),
    sqlite_autoincrement=True,
)

#: Which alerts are wanted and when: one row, or none. Quiet hours in minutes of the day in `zone`.
alert_policy = Table(
    "alert_policy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("cooldown", Float, nullable=False),
    Column("quiet_from", Integer),
    Column("quiet_until", Integer),
    Column("zone", String, nullable=False),
    Column("ticket", Text, nullable=False),
)

#: Messages on their way, and what became of them. `subject`: what a message is about; `fact`: what happened to it, told once.
alert_outbox = Table(
    "alert_outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("destination_id", Integer, nullable=False),
    Column("rule", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("fact", String, nullable=False),
    Column("issue_id", Integer),
    Column("severity", String, nullable=False),
    Column("service", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("path", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String, nullable=False),  # waiting, sent, failed
    Column("tries", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("said", Text, nullable=False),
    UniqueConstraint("destination_id", "rule", "subject", "fact"),
    Index("alert_outbox_due", "state", "next_at"),
    sqlite_autoincrement=True,
)

#: The full-text index (FTS5, trigrams); rowid = signatures.id. The column named like the table is FTS5's own.
signature_text = table("signature_text", column("rowid"), column("signature_text"))

#: What machines show at the API. A row is never taken out: it says who had access and until when.
tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("created_by", String, nullable=False),
    Column("expires_at", Float),
    Column("used_at", Float),
    Column("revoked_at", Float),
    Column("revoked_by", String, nullable=False),
    sqlite_autoincrement=True,
)
