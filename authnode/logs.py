"""Log lines for machines: one JSON object a line, with the request they belong to.

What a person typed, their address and the path of a page are not in them; the audit log has these.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from audit import context


class JsonFormatter(logging.Formatter):
    """time (ISO 8601, UTC), level, logger, message, request_id and, if there is one, error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := context.current().request_id:
            line["request_id"] = request_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
