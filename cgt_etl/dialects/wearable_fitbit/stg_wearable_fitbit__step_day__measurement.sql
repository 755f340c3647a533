{{ wearable_measurement('wearable_fitbit', 'step_day', 'day', is_day=true, is_zero_unworn=true) }}
