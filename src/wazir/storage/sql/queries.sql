-- The statements of the SQL stores. A line "-- name: x" begins the statement x.
--
-- SQLite alone knows "indexed by", PostgreSQL alone "for update": each leaves out what is the
-- other's. SQLite has one writer at a time, and needs no lock on a row.

-- name: insert_study
insert into studies (
    project_id, study_id, config, state, metadata, created_at, revision, config_revision,
    last_trial_id, n_requested, n_active, n_stopping, n_succeeded, n_infeasible
)
values (:project_id, :study_id, :config, :state, :metadata, :created_at, 0, 0, 0, 0, 0, 0, 0, 0)
on conflict (project_id, study_id) do nothing;

-- name: select_study
select
    study_key, project_id, study_id, config, state, metadata, created_at, revision,
    config_revision, last_trial_id, n_requested, n_active, n_stopping, n_succeeded, n_infeasible
from studies
where project_id = :project_id and study_id = :study_id;

-- name: lock_study
select
    study_key, project_id, study_id, config, state, metadata, created_at, revision,
    config_revision, last_trial_id, n_requested, n_active, n_stopping, n_succeeded, n_infeasible
from studies
where project_id = :project_id and study_id = :study_id
for update;

-- name: select_studies
select
    study_key, project_id, study_id, config, state, metadata, created_at, revision,
    config_revision, last_trial_id, n_requested, n_active, n_stopping, n_succeeded, n_infeasible
from studies
where project_id = :project_id
order by created_at, study_key;

-- name: select_project_ids
select distinct project_id from studies;

-- name: select_study_ids
select study_id from studies where project_id = :project_id order by created_at, study_key;

-- name: select_study_head
select study_key, revision, last_trial_id
from studies
where project_id = :project_id and study_id = :study_id;

-- name: select_counts
select n_requested, n_active, n_stopping, n_succeeded, n_infeasible
from studies
where project_id = :project_id and study_id = :study_id;

-- name: update_study
update studies
set config = :config, state = :state, metadata = :metadata
where study_key = :study_key;

-- name: advance_study
update studies
set
    revision = :revision,
    config_revision = :config_revision,
    last_trial_id = :last_trial_id,
    n_requested = :n_requested,
    n_active = :n_active,
    n_stopping = :n_stopping,
    n_succeeded = :n_succeeded,
    n_infeasible = :n_infeasible
where study_key = :study_key;

-- name: delete_study
delete from studies where project_id = :project_id and study_id = :study_id;

-- name: insert_trial
insert into trials (
    study_key, trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs, revision
)
values (
    :study_key, :trial_id, :state, :client_id, :attempt, :n_lost_attempts, :lease_expires_at,
    :parameters, :final_measurement, :infeasible_reason, :stopping_reason, :metadata, :created_at,
    :started_at, :completed_at, :created_revision, :completed_revision, :rungs,
    :revision
);

-- name: update_trial
update trials
set
    state = :state,
    client_id = :client_id,
    attempt = :attempt,
    n_lost_attempts = :n_lost_attempts,
    lease_expires_at = :lease_expires_at,
    parameters = :parameters,
    final_measurement = :final_measurement,
    infeasible_reason = :infeasible_reason,
    stopping_reason = :stopping_reason,
    metadata = :metadata,
    created_at = :created_at,
    started_at = :started_at,
    completed_at = :completed_at,
    created_revision = :created_revision,
    completed_revision = :completed_revision,
    rungs = :rungs,
    revision = :revision
where study_key = :study_key and trial_id = :trial_id;

-- name: delete_trial
delete from trials where study_key = :study_key and trial_id = :trial_id;

-- name: select_trial_head
select trial_key, state from trials where study_key = :study_key and trial_id = :trial_id;

-- name: select_trial
select
    trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs
from trials
where study_key = :study_key and trial_id = :trial_id;

-- name: select_trials_in_state
select
    trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs
from trials
where
    study_key = :study_key
    and state = :state
    and (cast(:client_id as text) is null or client_id = :client_id)
order by trial_id
limit :limit;

-- The term "state not in (...)" is that of the partial indexes: without it they cannot be used.
-- name: select_pending_trials
select
    trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs
from trials indexed by pending_trials
where
    study_key = :study_key
    and state not in ('SUCCEEDED', 'INFEASIBLE')
    and state = :state
order by trial_id
limit :limit;

-- name: select_pending_trials_of_client
select
    trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs
from trials indexed by pending_trials_of_clients
where
    study_key = :study_key
    and state not in ('SUCCEEDED', 'INFEASIBLE')
    and state = :state
    and client_id = :client_id
order by trial_id
limit :limit;

-- name: select_all_trials
select
    trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs
from trials
where study_key = :study_key
order by trial_id;

-- name: select_changed_trials
select
    trial_id, state, client_id, attempt, n_lost_attempts, lease_expires_at, parameters,
    final_measurement, infeasible_reason, stopping_reason, metadata, created_at, started_at,
    completed_at, created_revision, completed_revision, rungs
from trials
where study_key = :study_key and revision > :since_revision
order by trial_id;

-- The comparison says that there is a lease, which is the term of the partial index.
-- name: select_studies_with_expired_leases
select distinct studies.project_id, studies.study_id
from trials indexed by leases
inner join studies on trials.study_key = studies.study_key
where trials.lease_expires_at < :now and trials.state in ('ACTIVE', 'STOPPING')
limit :limit;

-- name: put_measurement
insert into measurements (trial_key, step, elapsed_s, metrics, revision)
values (:trial_key, :step, :elapsed_s, :metrics, :revision)
on conflict (trial_key, step) do update
set elapsed_s = excluded.elapsed_s, metrics = excluded.metrics, revision = excluded.revision;

-- name: delete_measurement
delete from measurements where trial_key = :trial_key and step = :step;

-- name: select_measurements
select measurements.metrics, measurements.step, measurements.elapsed_s
from trials
inner join measurements on trials.trial_key = measurements.trial_key
where trials.study_key = :study_key and trials.trial_id = :trial_id
order by measurements.measurement_key;

-- name: insert_token
insert into tokens (
    token_id, secret_sha256, project_id, role, created_at, expires_at, revoked_at
)
values (
    :token_id, :secret_sha256, :project_id, :role, :created_at, :expires_at, :revoked_at
)
on conflict do nothing;

-- name: select_token_by_hash
select token_id, secret_sha256, project_id, role, created_at, expires_at, revoked_at
from tokens
where secret_sha256 = :secret_sha256;

-- name: select_tokens
select token_id, secret_sha256, project_id, role, created_at, expires_at, revoked_at
from tokens
order by created_at, token_key;

-- name: select_any_token
select 1 from tokens limit 1;

-- name: revoke_token
update tokens
set revoked_at = coalesce(revoked_at, :revoked_at)
where token_id = :token_id
returning token_id, secret_sha256, project_id, role, created_at, expires_at, revoked_at;
