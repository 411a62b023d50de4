-- The most frequent values of each custom field.
SELECT field_title, value_text, COUNT(*) AS tickets
FROM zendesk.ticket_custom_field_latest
WHERE NOT is_deleted AND value_text IS NOT NULL
GROUP BY field_title, value_text
QUALIFY ROW_NUMBER() OVER (PARTITION BY field_title ORDER BY tickets DESC) <= 20
