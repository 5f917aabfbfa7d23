-- Named queries: a line "-- name: NAME", what it is for, the statement.

-- name: insert_study
-- Add a study without trials.
insert into studies (
    project_id, study_id, config, state, metadata, created_at, revision, config_revision,
    last_trial_id, n_requested, n_active, n_stopping, n_succeeded, n_infeasible
) values (
    :project_id, :study_id, :config, :state, :metadata, :created_at, 0, 0, 0, 0, 0, 0, 0, 0
);

-- name: study
-- One study by name.
select * from studies where project_id = :project_id and study_id = :study_id;

-- name: studies
-- The studies of a project, oldest first.
select * from studies where project_id = :project_id order by id;

-- name: study_ids
-- The names of a project's studies.
select study_id from studies where project_id = :project_id order by id;

-- name: delete_study
-- Remove a study; its trials and measurements go with it.
delete from studies where project_id = :project_id and study_id = :study_id;

-- name: update_study
-- Write what a transaction changed of a study.
update studies set
    config = :config, state = :state, metadata = :metadata, revision = :revision,
    config_revision = :config_revision, last_trial_id = :last_trial_id,
    n_requested = :n_requested, n_active = :n_active, n_stopping = :n_stopping,
    n_succeeded = :n_succeeded, n_infeasible = :n_infeasible
where id = :id;

-- name: trial
-- One trial.
select * from trials where study = :study and id = :id;

-- name: open_trials
-- Trials of one unfinished state, by id; of one client if :client_id is not null. The planner
-- would walk through all trials of the study to get them in order.
select * from trials indexed by open_trials
where study = :study and state = :state
    and state in ('REQUESTED', 'ACTIVE', 'STOPPING')
    and (:client_id is null or client_id = :client_id)
order by id limit :limit;

-- name: ended_trials
-- Trials of one final state, by id.
select * from trials
where study = :study and state = :state and (:client_id is null or client_id = :client_id)
order by id limit :limit;

-- name: changed_trials
-- Trials that changed after a revision.
select * from trials where study = :study and revision > :revision order by id;

-- name: all_trials
-- All trials by id.
select * from trials where study = :study order by id;

-- name: insert_trial
-- Add a trial.
insert into trials values (
    :study, :id, :state, :client_id, :parameters, :attempt, :n_lost_attempts, :lease_expires_at,
    :final_measurement, :infeasible_reason, :stopping_reason, :metadata, :created_at, :started_at,
    :completed_at, :created_revision, :completed_revision, :revision
);

-- name: update_trial
-- Replace a trial.
update trials set
    state = :state, client_id = :client_id, parameters = :parameters, attempt = :attempt,
    n_lost_attempts = :n_lost_attempts, lease_expires_at = :lease_expires_at,
    final_measurement = :final_measurement, infeasible_reason = :infeasible_reason,
    stopping_reason = :stopping_reason, metadata = :metadata, created_at = :created_at,
    started_at = :started_at, completed_at = :completed_at, created_revision = :created_revision,
    completed_revision = :completed_revision, revision = :revision
where study = :study and id = :id;

-- name: touch_trial
-- Note that something of a trial changed.
update trials set revision = :revision where study = :study and id = :id;

-- name: delete_trial
-- Remove a trial and its measurements.
delete from trials where study = :study and id = :id;

-- name: put_measurement
-- Add a measurement; one of the same step is replaced and keeps its place.
insert into measurements (study, trial, step, elapsed_s, metrics)
values (:study, :trial, :step, :elapsed_s, :metrics)
on conflict (study, trial, step) do update set
    elapsed_s = excluded.elapsed_s, metrics = excluded.metrics;

-- name: measurements
-- The measurements of a trial, oldest first.
select step, elapsed_s, metrics from measurements
where study = :study and trial = :trial order by id;
