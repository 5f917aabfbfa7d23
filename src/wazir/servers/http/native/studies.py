"""Studies: make, list, edit, end, delete."""

from fastapi import APIRouter

from wazir.domain.codec import config_from_dict, study_to_dict
from wazir.domain.edit_codec import edit_from_dict
from wazir.domain.errors import InvalidInputError
from wazir.domain.names import StudyName
from wazir.domain.studies import StudyState
from wazir.servers.http.answers import JsonAnswer
from wazir.servers.http.native.bodies import Edit, EditPreview, NewMetadata, NewState, NewStudy
from wazir.servers.http.openapi import ERRORS, CountsAnswer, StudiesAnswer, StudyAnswer, answers
from wazir.servers.http.parts import STUDIES_PATH, Name, Service
from wazir.service.wire import counts_to_dict, effects_to_dict

router = APIRouter(prefix=STUDIES_PATH, tags=["studies"], responses=ERRORS)


@router.get("", responses=answers(StudiesAnswer))
def list_studies(project_id: str, service: Service) -> JsonAnswer:
    """Return the studies of a project, oldest first."""
    # A project has no record of its own: any valid name is one.
    StudyName(project_id, "any")
    return JsonAnswer({"studies": [study_to_dict(one) for one in service.studies(project_id)]})


@router.post("", responses=answers(StudyAnswer))
def create_study(project_id: str, body: NewStudy, service: Service) -> JsonAnswer:
    """Create a study, or return the one of that name with the same definition."""
    study = service.create_study(
        StudyName(project_id, body.study_id),
        config_from_dict(body.config),
        metadata=body.metadata,
        must_be_new=body.must_be_new,
    )
    return JsonAnswer(study_to_dict(study))


@router.get("/{study_id}", responses=answers(StudyAnswer))
def get_study(name: Name, service: Service) -> JsonAnswer:
    """Return a study."""
    return JsonAnswer(study_to_dict(service.study(name)))


@router.delete("/{study_id}")
def delete_study(name: Name, service: Service) -> JsonAnswer:
    """Remove a study and its trials."""
    service.delete_study(name)
    return JsonAnswer({})


@router.post("/{study_id}/state", responses=answers(StudyAnswer))
def set_study_state(name: Name, body: NewState, service: Service) -> JsonAnswer:
    """Pause, end or reopen a study."""
    try:
        state = StudyState(body.state)
    except ValueError:
        words = ", ".join(one.value for one in StudyState)
        raise InvalidInputError(f"state: one of {words}, got {body.state!r}") from None
    return JsonAnswer(study_to_dict(service.set_study_state(name, state)))


@router.post("/{study_id}/edits", responses=answers(StudyAnswer))
def edit_study(name: Name, body: Edit, service: Service) -> JsonAnswer:
    """Change the configuration of a study, and keep what was changed."""
    edit = edit_from_dict(body.edit)
    study = service.edit_study(name, edit, metadata=body.metadata, client_id=body.client_id)
    return JsonAnswer(study_to_dict(study))


@router.post("/{study_id}/edits/preview")
def preview_edit(name: Name, body: EditPreview, service: Service) -> JsonAnswer:
    """Return what an edit would do, and change nothing."""
    return JsonAnswer(effects_to_dict(service.preview_edit(name, edit_from_dict(body.edit))))


@router.post("/{study_id}/metadata", responses=answers(StudyAnswer))
def update_metadata(name: Name, body: NewMetadata, service: Service) -> JsonAnswer:
    """Set entries of the metadata of a study and of its trials, all or none."""
    return JsonAnswer(study_to_dict(service.update_metadata(name, body.study, trials=body.trials)))


@router.get("/{study_id}/counts", responses=answers(CountsAnswer))
def get_counts(name: Name, service: Service) -> JsonAnswer:
    """Return how many trials are in which state."""
    return JsonAnswer(counts_to_dict(service.counts(name)))


@router.get("/{study_id}/prior-study-notes")
def get_prior_study_notes(name: Name, service: Service) -> JsonAnswer:
    """Return what is learned from each earlier study, and what is not."""
    return JsonAnswer({"notes": service.prior_study_notes(name)})


@router.get("/{study_id}/why-ended")
def get_why_ended(name: Name, service: Service) -> JsonAnswer:
    """Return why the study makes no new trials by its own rule, "" while it does."""
    return JsonAnswer({"reason": service.why_ended(name)})
