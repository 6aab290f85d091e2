"""Libraries that cost a process much before it does anything."""

# Each takes longer to import than a command has for all it does.
HEAVY = {
    "PIL",
    "adbutils",
    "alembic",
    "celery",
    "fastapi",
    "flower",
    "fsspec",
    "kombu",
    "lxml",
    "pydantic",
    "redis",
    "requests",
    "starlette",
    "uiautomator2",
    "uvicorn",
}
