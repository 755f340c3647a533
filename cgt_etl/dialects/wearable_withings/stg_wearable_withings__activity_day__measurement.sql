{{ wearable_measurement('wearable_withings', 'activity_day', 'day', is_day=true, is_zero_unworn=true) }}
