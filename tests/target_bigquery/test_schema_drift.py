"""A property that Zendesk adds, from the sandbox's Zendesk through the tap to tables."""

import json

import requests

TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"
COLUMN = "_unknown_properties"


def test_a_new_property_is_in_the_tables(
    zendesk_url, commands, load_here, config, warehouse, dataset, tmp_path
):
    def put(model, added):
        where = f"{zendesk_url}/_sandbox/objects/{model}"
        requests.put(where, json=[added], timeout=30).raise_for_status()

    put("group", {"id": 360000100001, "mood": "Secretive"})
    targets = [{"metric": "reply_time", "mood": "Secretive"}, {"metric": "agent_work_time", "mood": "Angry"}]
    put("sla_policy", {"id": 7, "filter": {"all": [], "mood": "Secretive"}, "policy_metrics": targets})

    def run(**settings):
        config = tmp_path / "tap.json"
        login = {"client_id": "sandbox", "client_secret": "sandbox-secret", "environment": "local"}
        models = {"bulk_models": ["group", "sla_policy"], "incremental_models": []}
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
    assert f"lack in {dataset}: 2 in 2 models in the last 7 days; {dataset}.SCHEMA_DRIFT_latest" in checked
    assert COLUMN not in columns()
    drift = f"SELECT model, property, json_type, row_count FROM {dataset}.SCHEMA_DRIFT"
    found = [("group", "mood", "string", 1), ("sla_policy", "policy_metrics.mood", "string", 1)]
    assert sorted(rows(drift)) == found
    inside = (
        f"SELECT JSON_VALUE(filter, '$.mood'), policy_metrics[OFFSET(1)].metric FROM {dataset}.sla_policy"
    )
    assert rows(f"{inside} WHERE id = 7") == [("Secretive", "agent_work_time")]
    exports = f"SELECT COUNT(DISTINCT _export_id) FROM {dataset}.SCHEMA_DRIFT JOIN {dataset}.sla_policy USING (_export_id)"
    assert rows(exports) == [(1,)]

    run(keep_unknown_properties=["group"])
    assert columns()[COLUMN].field_type == "STRING"
    assert list(columns()[COLUMN].policy_tags.names) == [TAG]
    kept = f"SELECT id, JSON_VALUE({COLUMN}, '$.mood') FROM {dataset}.group WHERE {COLUMN} IS NOT NULL"
    assert rows(kept) == [(360000100001, "Secretive")]
    assert sorted(rows(drift)) == sorted(found * 2)
