{{ wearable_measurement('wearable_fitbit', 'weight', 'weighed') }}
