"""Writes the model card: figures of evaluate.py --json into models/splice/config.json ("card") and models/splice/README.md.

    python training/card.py --held-out held-out.json --pwm pwm.json [--gene macrod2.json snap25.json]
"""
import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from export import config_text

LIMITS = ('Trained on about 4% of the genome (chr20 outside the held-out stretches, X:1-55M, chr22, smaller stretches; 1 transcript a gene), GRCh37. '
          'For clinical or publication work use OpenSpliceAI weights: genoconv models pull openspliceai-10000')


def figure(r):
    return {kind: {k: r[kind][k] for k in ('sites', 'top_k', 'top_k_95', 'average_precision', 'average_precision_95') if k in r[kind]}
            for kind in ('acceptor', 'donor')}


def line(r, kind):
    f = r[kind]
    def span(v):
        return f' [{v[0]:.3f}, {v[1]:.3f}]' if v else ''
    return f"{f['top_k']:.3f}{span(f.get('top_k_95'))} | {f['average_precision']:.3f}{span(f.get('average_precision_95'))}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--held-out', required=True)
    p.add_argument('--pwm', required=True)
    p.add_argument('--gene', nargs='*', default=[])
    p.add_argument('--model', default=os.path.join(HERE, '..', 'models', 'splice'))
    a = p.parse_args()
    path = os.path.join(a.model, 'config.json')
    config = json.load(open(path))
    ours, pwm = json.load(open(a.held_out)), json.load(open(a.pwm))
    genes = [json.load(open(g)) for g in a.gene]
    field = config['receptive_field']
    taps = sorted({b['taps'] for b in config['blocks'] if b['type'] == 'hyena'})
    size = os.path.getsize(os.path.join(a.model, 'model.safetensors'))
    counts = {t: sum(b['type'] == t for b in config['blocks']) for t in ('conv', 'hyena', 'mlp')}
    parts = [f"{config['d_model']} channels", f"stem width {config['stem_width']}", f"{counts['conv']} residual units of dilated convolutions"]
    if counts['hyena']:
        parts.append(f"{counts['hyena']} two-sided Hyena operators (partial filters of {'/'.join(map(str, taps))} taps)")
    if counts['mlp']:
        parts.append(f"{counts['mlp']} MLPs")
    architecture = ', '.join(parts)
    if config['members'] > 1:
        architecture = f"{config['members']} members, mean of probabilities; each: {architecture}"
    card = {
        'name': 'splice', 'task': 'splice acceptor and donor, per base, of the strand that is read',
        'architecture': architecture, 'receptive_field': f"{field['left'] + field['right'] + 1} bases ({field['left']} left, {field['right']} right)",
        'tracks': 'neither, acceptor (first base of an exon), donor (last base of an exon)', 'size_bytes': size,
        'data': 'GRCh37 chr20, X:1-55,000,000, chr22 (in part, with the aligned sequence of three apes) and smaller stretches, '
                'Ensembl 110 canonical transcripts lifted to GRCh37; '
                'held out: 20:45,000,001-63,025,520, 20:13,850,001-16,150,000 (MACROD2), 20:10,100,001-10,400,000 (SNAP25); '
                '20:38,000,001-45,000,000 was used to choose, not trained on',
        'evaluation': f"{ours['genes']} held-out genes of 20:45,000,001-63,025,520, all {ours['positions']:,} positions of the gene bodies; 95% intervals by bootstrap over genes",
        'accuracy': figure(ours), 'accuracy_pwm_baseline': figure(pwm), 'limits': LIMITS, 'licence': 'Apache-2.0'}
    config['card'] = card
    open(path, 'w').write(config_text(config))
    rows = [('this model', ours), ('position-weight matrices, same training genes', pwm)]
    text = f"""# splice

Per base: is it the first base of an exon (acceptor), the last one (donor), or neither, on the strand that is read 5'→3'.

| | |
|---|---|
| architecture | {architecture}; `training/README.md` says it exactly |
| receptive field | {card['receptive_field']}; finite: any tiling gives the same values |
| tracks | {card['tracks']} |
| file | `model.safetensors`, float16, {size:,} bytes |
| data | {card['data']} |
| licence | Apache-2.0 (weights and code); made from public reference sequence and CC0 annotation; no other model's weights or outputs took part |

## Accuracy

{card['evaluation']}. Sites: {ours['acceptor']['sites']} acceptors, {ours['donor']['sites']} donors.

| | acceptor top-k | acceptor AP | donor top-k | donor AP |
|---|---|---|---|---|
""" + ''.join(f"| {n} | {line(r, 'acceptor')} | {line(r, 'donor')} |\n" for n, r in rows)
    for g in genes:
        text += f"\n`{g['name'].split()[-1]}` stretch ({g['genes']} gene(s) wholly inside): acceptor top-k {g['acceptor']['top_k']:.3f} of {g['acceptor']['sites']}, donor {g['donor']['top_k']:.3f} of {g['donor']['sites']}.\n"
    text += f"""
Computed by `training/evaluate.py torch --exported models/splice` (float32 from the stored weights, real sequence around each gene);
the same script reads the program's own output (`evaluate.py tsv`). OpenSpliceAI's models on the same genes: `docs/benchmarks.md`.

## Limits

{LIMITS}. A score is not a probability of use in a given tissue; alternative and unannotated exons count as errors above.
Single-strand: a region is read on one strand; name the gene's.
"""
    open(os.path.join(a.model, 'README.md'), 'w').write(text)


if __name__ == '__main__':
    main()
