"""A property that Zendesk adds, from the sandbox's Zendesk through the tap to tables."""

import json

import requests

TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"
COLUMN = "_unknown_properties"


def test_a_new_property_is_in_the_tables(
    zendesk_url, commands, load_here, config, warehouse, dataset, tmp_path
):
    added = {"id": 360000100001, "mood": "Secretive"}
    requests.put(f"{zendesk_url}/_sandbox/objects/group", json=[added], timeout=30).raise_for_status()

    def run(**settings):
        config = tmp_path / "tap.json"
        login = {"client_id": "sandbox", "client_secret": "sandbox-secret", "environment": "local"}
        models = {"bulk_models": ["group"], "incremental_models": []}
        given = {"subdomain": "cityblock-local", "base_url": zendesk_url, **login, **models, **settings}
        config.write_text(json.dumps(given))
        exported = commands.run("tap-zendesk-cityblock", "--config", config)
        assert exported.returncode == 0, exported.stderr
        load_here(exported.stdout.encode(), policy_tag=TAG)

    def columns():
        return {field.name: field for field in warehouse.client.get_table(f"{dataset}.group").schema}

    def rows(sql):
        return [tuple(row) for row in warehouse.client.query_and_wait(sql)]

    run()
    path = tmp_path / "target.json"
    path.write_text(json.dumps(config))
    checked = commands.run("target-bigquery-check", "--config", path).stdout
    assert f"lack in {dataset}: 1 in 1 models in the last 7 days; {dataset}.SCHEMA_DRIFT_latest" in checked
    assert COLUMN not in columns()
    drift = f"SELECT model, property, json_type, row_count FROM {dataset}.SCHEMA_DRIFT"
    assert rows(drift) == [("group", "mood", "string", 1)]

    run(keep_unknown_properties=["group"])
    assert columns()[COLUMN].field_type == "STRING"
    assert list(columns()[COLUMN].policy_tags.names) == [TAG]
    kept = f"SELECT id, JSON_VALUE({COLUMN}, '$.mood') FROM {dataset}.group WHERE {COLUMN} IS NOT NULL"
    assert rows(kept) == [(360000100001, "Secretive")]
    assert rows(drift) == [("group", "mood", "string", 1)] * 2
