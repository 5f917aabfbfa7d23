-- The schema after all migrations; a test compares the two.

create table studies (
    id integer primary key,
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
    study integer not null references studies (id) on delete cascade,
    id integer not null,
    state text not null,
    client_id text not null,
    parameters text not null,
    attempt integer not null,
    n_lost_attempts integer not null,
    lease_expires_at real,
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
    primary key (study, id)
) without rowid;

-- Readers ask for what changed since a revision.
create index trials_by_revision on trials (study, revision);

-- Trials that have not ended are few, whatever the size of the study.
create index open_trials on trials (study, state, id)
where state in ('REQUESTED', 'ACTIVE', 'STOPPING');

-- The row id is the order of arrival.
create table measurements (
    id integer primary key,
    study integer not null,
    trial integer not null,
    step integer not null,
    elapsed_s real,
    metrics text not null,
    unique (study, trial, step),
    foreign key (study, trial) references trials (study, id) on delete cascade
);
