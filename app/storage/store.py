"""The store: one object that holds everything stored, by concept. The only SQL is in this folder."""

from pathlib import Path

from app.storage.alerts import Alerts
from app.storage.anomalies import Anomalies
from app.storage.arrivals import Arrivals
from app.storage.clicks import Clicks
from app.storage.drift import DriftData
from app.storage.engine import open_database
from app.storage.following import Following
from app.storage.forecasts import Forecasts
from app.storage.graph import Graph
from app.storage.grouping import Grouping
from app.storage.issues import Issues
from app.storage.jobs import Jobs
from app.storage.labels import Labels
from app.storage.log import Log
from app.storage.map import Map
from app.storage.notes import Notes
from app.storage.overview import Overview
from app.storage.purging import Purging
from app.storage.retention import Retention
from app.storage.signatures import Signatures
from app.storage.tokens import Tokens
from app.storage.uploads import Uploads
from app.storage.versions import Versions


class Store:
    """A store in a SQLite file, or in the PostgreSQL database at a URL; its tables are created and migrated as needed."""

    def __init__(self, at: Path | str) -> None:
        self.database = open_database(at)
        self.database.migrate()
        self.uploads = Uploads(self.database)
        self.signatures = Signatures(self.database)
        self.issues = Issues(self.database)
        self.log = Log(self.database)
        self.grouping = Grouping(self.database)
        self.labels = Labels(self.database)
        self.notes = Notes(self.database)
        self.map = Map(self.database)
        self.overview = Overview(self.database)
        self.anomalies = Anomalies(self.database)
        self.clicks = Clicks(self.database)
        self.arrivals = Arrivals(self.database)
        self.drift = DriftData(self.database)
        self.following = Following(self.database)
        self.forecasts = Forecasts(self.database)
        self.purging = Purging(self.database)
        self.retention = Retention(self.database)
        self.graph = Graph(self.database)
        self.versions = Versions(self.database)
        self.jobs = Jobs(self.database)
        self.alerts = Alerts(self.database)
        self.tokens = Tokens(self.database)

    def check(self) -> str:
        """What the database's own check finds wrong, "" where nothing is."""
        return self.database.check()

    def version(self) -> str:
        """The migration that the store is at."""
        return self.database.version()

    def close(self) -> None:
        self.database.close()
