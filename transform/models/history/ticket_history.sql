{{ history('ticket', clock='generated_timestamp', time='timestamp_seconds(generated_timestamp)', is_deleted="status = 'deleted'") }}
