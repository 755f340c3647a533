{{ wearable_measurement('wearable_fitbit', 'heart_day', 'day', is_day=true) }}
