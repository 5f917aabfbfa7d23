-- The tables of the newest version. No program runs this file: the migrations make the same
-- tables, and a test compares them.

create table studies (
    study_key integer primary key,
    project_id text not null,
    study_id text not null,
    config text not null,
    state text not null,
    metadata text not null,
    created_at real not null,
    revision integer not null,
    config_revision integer not null,
    last_trial_id integer not null,
    n_requested integer not null,
    n_active integer not null,
    n_stopping integer not null,
    n_succeeded integer not null,
    n_infeasible integer not null,
    unique (project_id, study_id)
);

create table trials (
    trial_key integer primary key,
    study_key integer not null references studies (study_key) on delete cascade,
    trial_id integer not null,
    state text not null,
    client_id text not null,
    attempt integer not null,
    n_lost_attempts integer not null,
    lease_expires_at real,
    parameters text not null,
    final_measurement text,
    infeasible_reason text not null,
    stopping_reason text not null,
    metadata text not null,
    created_at real not null,
    started_at real,
    completed_at real,
    created_revision integer not null,
    completed_revision integer,
    revision integer not null,
    rungs text not null default '[]',
    unique (study_key, trial_id)
);

create index trials_by_revision on trials (study_key, revision);

create index pending_trials on trials (study_key, state, trial_id)
where state not in ('SUCCEEDED', 'INFEASIBLE');

create index pending_trials_of_clients on trials (study_key, client_id, state, trial_id)
where state not in ('SUCCEEDED', 'INFEASIBLE');

create index leases on trials (lease_expires_at) where lease_expires_at is not null;

-- measurement_key grows with time, and a measurement that is replaced keeps it.
create table measurements (
    measurement_key integer primary key,
    trial_key integer not null references trials (trial_key) on delete cascade,
    step integer not null,
    elapsed_s real,
    metrics text not null,
    revision integer not null,
    unique (trial_key, step)
);

-- The secret of a token is kept nowhere, only its hash.
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
