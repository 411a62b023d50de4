{{ history('user', clock='updated_at', time='updated_at', is_deleted='not active') }}
