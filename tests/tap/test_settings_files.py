"""Settings files that Meltano writes, and leaves when a run is killed. The three plugins share no code."""

import os
import time

import pytest
import tap_zendesk_cityblock.tap
import target_bigquery.target
import target_zendesk_pubsub.target

PLUGINS = {
    "tap": tap_zendesk_cityblock.tap.TapZendeskCityblock,
    "target": target_bigquery.target.TargetBigQuery,
    "target of messages": target_zendesk_pubsub.target.TargetZendeskPubSub,
}
OLD = time.time() - 86400


@pytest.mark.parametrize("plugin", PLUGINS)
def test_settings_that_meltano_writes_are_for_their_owner_and_those_of_killed_runs_go(plugin, tmp_path):
    kind = plugin.split()[0]
    own, other_run, left, somebodys = files = [
        tmp_path / f"{kind}.01a21ceb-d716-7c5e-b82a-15b2206adbfb.config.json",
        tmp_path / f"{kind}.01a21ceb-d716-7c5e-b82a-15b2206adbfc.config.json",
        tmp_path / f"{kind}.01a21ceb-d716-7c5e-b82a-15b2206adbfd.config.json",
        tmp_path / "config.json",
    ]
    for file in files:
        file.write_text('{"project": "p"}')
        file.chmod(0o644)
    for file in (left, somebodys):
        os.utime(file, (OLD, OLD))

    PLUGINS[plugin].cb_config(None, None, (str(own),))

    modes = {file: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {own: 0o600, other_run: 0o600, somebodys: 0o644}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_settings_file_of_ones_own_stays_as_it_is(plugin, tmp_path):
    own = tmp_path / "config.json"
    own.write_text('{"project": "p"}')
    own.chmod(0o640)
    PLUGINS[plugin].cb_config(None, None, (str(own),))
    assert own.stat().st_mode & 0o777 == 0o640
