-- Studies, their trials, the measurements of these, and the tokens of those who may use a server.

create table studies (
    study_key bigint generated always as identity primary key,
    project_id text not null,
    study_id text not null,
    config text not null,
    state text not null,
    metadata text not null,
    created_at double precision not null,
    revision bigint not null,
    config_revision bigint not null,
    last_trial_id bigint not null,
    n_requested bigint not null,
    n_active bigint not null,
    n_stopping bigint not null,
    n_succeeded bigint not null,
    n_infeasible bigint not null,
    unique (project_id, study_id)
);

create table trials (
    trial_key bigint generated always as identity primary key,
    study_key bigint not null references studies (study_key) on delete cascade,
    trial_id bigint not null,
    state text not null,
    client_id text not null,
    attempt bigint not null,
    n_lost_attempts bigint not null,
    lease_expires_at double precision,
    parameters text not null,
    final_measurement text,
    infeasible_reason text not null,
    stopping_reason text not null,
    metadata text not null,
    created_at double precision not null,
    started_at double precision,
    completed_at double precision,
    created_revision bigint not null,
    completed_revision bigint,
    revision bigint not null,
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
    measurement_key bigint generated always as identity primary key,
    trial_key bigint not null references trials (trial_key) on delete cascade,
    step bigint not null,
    elapsed_s double precision,
    metrics text not null,
    revision bigint not null,
    unique (trial_key, step)
);

-- The secret of a token is kept nowhere, only its hash.
create table tokens (
    token_key bigint generated always as identity primary key,
    token_id text not null unique,
    secret_sha256 text not null unique,
    project_id text not null,
    role text not null,
    created_at double precision not null,
    expires_at double precision,
    revoked_at double precision
);
