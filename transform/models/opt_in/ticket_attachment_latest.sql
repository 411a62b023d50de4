{{ latest_incremental('ticket_attachment', partition={'by': 'ids', 'on': 'ticket_id'}, ticket={'id': 'ticket_id', 'personal': ['content_url', 'file_name', 'mapped_content_url', 'thumbnails']}) }}
