-- Tokens of those who may use a server; the secret itself is kept nowhere.

create table tokens (
    token_key integer primary key,
    token_id text not null unique,
    secret_sha256 text not null unique,
    project_id text not null,
    role text not null,
    created_at real not null,
    expires_at real,
    revoked_at real
);
