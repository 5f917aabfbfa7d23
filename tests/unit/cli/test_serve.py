"""`wazir serve`: what its options lead to."""


def test_options_reach_the_server(wazir, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("wazir.servers.serving.serve", lambda options, say: asked.append(options))
    arguments = ("--optimizer-processes", "3", "--orphan-after", "90m")
    result = wazir("serve", "--storage", f"sqlite:///{tmp_path}/w.db", *arguments)
    assert result.exit_code == 0
    (options,) = asked
    assert (options.n_processes, options.orphan_after_s) == (3, 5400.0)


def test_numbers_out_of_range_are_refused(wazir):
    for arguments in (("--optimizer-processes", "0"), ("--orphan-after", "soon")):
        assert wazir("serve", *arguments).exit_code == 2
