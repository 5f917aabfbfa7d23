"""A server under load: Wazir's, OSS Vizier's and Optuna's storage proxy."""
