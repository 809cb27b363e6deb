"""Makes golden/spliceai-nano.h5, a tiny network in the form of SpliceAI's own Keras files, with h5py 3, and beside it what it
gives for a sequence, computed with NumPy in float64 as Keras would.

    python test/model/weights/make-golden-h5.py
"""
import json
import os

import h5py
import numpy as np

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')
CHANNELS, UNITS, WIDTH, EPSILON = 3, 4, 11, 1e-3
random = np.random.default_rng(7)
layers, weights = [], {}
# Names in an order of their own, as Keras numbers layers when they are made.
numbers = {'conv1d': iter(random.permutation(30)), 'batch_normalization': iter(random.permutation(30)), 'activation': iter(range(30)), 'add': iter(range(30))}


def values(*shape, scale=1.0, offset=0.0):
    return (random.integers(-64, 65, shape) / 64 * scale + offset).astype('<f4')


def layer(kind, prefix, inputs, **config):
    name = f'{prefix}_{next(numbers[prefix])}' if prefix in numbers else prefix
    layers.append({'class_name': kind, 'name': name, 'config': {'name': name, **config}, 'inbound_nodes': [[[i, 0, 0, {}] for i in inputs]] if inputs else []})
    return name


def conv(source, inputs, outputs, width, activation='linear'):
    padding = 'same' if width > 1 else 'valid'
    name = layer('Conv1D', 'conv1d', [source], filters=outputs, kernel_size=[width], dilation_rate=[1], strides=[1], padding=padding, activation=activation)
    weights[name] = {'kernel:0': values(width, inputs, outputs, scale=0.5), 'bias:0': values(outputs, scale=0.3)}
    return name


def norm(source):
    name = layer('BatchNormalization', 'batch_normalization', [source], epsilon=EPSILON, axis=-1)
    n = CHANNELS
    weights[name] = {'gamma:0': values(n, scale=0.3, offset=1), 'beta:0': values(n, scale=0.3), 'moving_mean:0': values(n, scale=0.3), 'moving_variance:0': values(n, scale=0.3, offset=1)}
    return layer('Activation', 'activation', [name], activation='relu')


source = layer('InputLayer', 'input_1', [])
x = conv(source, 4, CHANNELS, 1)
skip = conv(x, CHANNELS, CHANNELS, 1)
for _ in range(UNITS):
    y = conv(norm(x), CHANNELS, CHANNELS, WIDTH)
    y = conv(norm(y), CHANNELS, CHANNELS, WIDTH)
    x = layer('Add', 'add', [y, x])
skip = layer('Add', 'add', [skip, conv(x, CHANNELS, CHANNELS, 1)])
crop = UNITS * (WIDTH - 1)
last = conv(layer('Cropping1D', 'cropping1d_1', [skip], cropping=[crop, crop]), CHANNELS, 3, 1, 'softmax')
config = {'class_name': 'Model', 'config': {'name': 'model_1', 'layers': [layers[i] for i in range(len(layers))], 'input_layers': [[source, 0, 0]], 'output_layers': [[last, 0, 0]]}}

with h5py.File(os.path.join(OUT, 'spliceai-nano.h5'), 'w') as file:
    file.attrs['keras_version'] = '2.0.5'
    file.attrs['model_config'] = json.dumps(config)
    group = file.create_group('model_weights')
    for entry in layers:
        inner = group.create_group(entry['name'])
        for part, data in weights.get(entry['name'], {}).items():
            inner.require_group(entry['name']).create_dataset(part, data=data)


def run(sequence):
    made = {}
    for entry in layers:
        inputs = [made[i[0]] for i in entry['inbound_nodes'][0]] if entry['inbound_nodes'] else []
        w = {part[:-2]: data.astype(np.float64) for part, data in weights.get(entry['name'], {}).items()}
        kind, settings = entry['class_name'], entry['config']
        if kind == 'InputLayer':
            out = np.array([[base == letter for letter in 'ACGT'] for base in 'N' * crop + sequence + 'N' * crop], float)
        elif kind == 'Conv1D':
            width = w['kernel'].shape[0]
            padded = np.pad(inputs[0], ((width // 2, width // 2), (0, 0)))
            out = sum(padded[j:j + len(inputs[0])] @ w['kernel'][j] for j in range(width)) + w['bias']
        elif kind == 'BatchNormalization':
            out = (inputs[0] - w['moving_mean']) / np.sqrt(w['moving_variance'] + EPSILON) * w['gamma'] + w['beta']
        elif kind == 'Activation':
            out = np.maximum(inputs[0], 0)
        elif kind == 'Add':
            out = inputs[0] + inputs[1]
        else:
            out = inputs[0][crop:-crop]
        if settings.get('activation') == 'softmax':
            out = np.exp(out - out.max(1, keepdims=True))
            out /= out.sum(1, keepdims=True)
        made[entry['name']] = out
    return made[last]


sequence = ''.join(random.choice(list('ACGTN'), 120, p=[.24, .24, .24, .24, .04]))
probabilities = run(sequence)
with open(os.path.join(OUT, 'spliceai-nano.expected.json'), 'w') as file:
    json.dump({'sequence': sequence, 'acceptor': [round(v, 9) for v in probabilities[:, 1]], 'donor': [round(v, 9) for v in probabilities[:, 2]]}, file)
