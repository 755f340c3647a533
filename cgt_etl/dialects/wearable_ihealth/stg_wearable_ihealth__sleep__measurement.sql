{{ wearable_measurement('wearable_ihealth', 'sleep', 'started') }}
