"""The page at /docs: the routes of the server, from its OpenAPI document, without a script."""

import html
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}"
    "h3{margin:1.6em 0 .2em}.method{display:inline-block;min-width:4.5em;font-weight:600}"
    "dt{font-family:ui-monospace,monospace}dd{margin:0 0 .3em 1.5em}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}"
)


@router.get("/docs", response_class=HTMLResponse)
async def docs(request: Request) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(page(request.app.openapi()))


def page(document: dict[str, Any]) -> str:
    """Return the HTML page of an OpenAPI document."""
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            sections.setdefault(tag, []).append(_operation(path, method, operation, document))
    body = "".join(f"<h2>{html.escape(tag)}</h2>{''.join(ops)}" for tag, ops in sections.items())
    title = html.escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{html.escape(document['info'].get('description', ''))} "
        'Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>'
        f"{body}</html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    rows = [_row(one["name"], one["in"], one) for one in operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _resolved(content.get("schema", {}), document)
    required = body.get("required", [])
    rows += [
        _row(name, "body, required" if name in required else "body", field)
        for name, field in body.get("properties", {}).items()
    ]
    text = html.escape(operation.get("description") or operation.get("summary", ""))
    return (
        f'<h3><span class="method">{method.upper()}</span> <code>{html.escape(path)}</code></h3>'
        f"<p>{text}</p>" + (f"<dl>{''.join(rows)}</dl>" if rows else "")
    )


def _row(name: str, place: str, field: dict[str, Any]) -> str:
    schema = field.get("schema", field)
    kinds = [schema, *schema.get("anyOf", [])]
    kind = " or ".join(one["type"] for one in kinds if "type" in one)
    text = field.get("description", "")
    return (
        f"<dt>{html.escape(name)}</dt>"
        f"<dd>{html.escape(', '.join(part for part in (place, kind) if part))}"
        f"{'. ' + html.escape(text) if text else ''}</dd>"
    )


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found
