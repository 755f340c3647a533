{{ wearable_measurement('wearable_fitbit', 'sleep', 'started', method='staging') }}
