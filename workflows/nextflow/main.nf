#!/usr/bin/env nextflow
// A genome, or a VCF, through genoconv as a set of jobs: plan -> shards -> merge. See README.md beside this file.
nextflow.enable.dsl = 2

params.fasta = null        // plain or BGZF, with .fai (and .gzi) beside it
params.regions = null      // BED; without it every record
params.variants = null     // a VCF: a run of variants instead of predict; then --output is .vcf or .vcf.gz
params.genes = null        // GFF3, GTF, BED12 or a table; 'none': no genes
params.model = ''          // a shipped model's name, a repo id, or a file that all nodes see; '' is the shipped default
params.options = ''        // further options of predict that change the numbers, e.g. '--strand both --tracks donor'; '--embed --pool mean': a run of embed
params.shards = 64
params.threads = 4
params.memory_mb = 8000
params.device = 'cpu'      // shards of different kinds of devices are not merged
params.output = 'predictions.arrow'
params.outdir = '.'

// FASTA and indices stand beside the manifest in every task's folder, so its relative paths hold everywhere.
process PLAN {
    cpus 1
    memory "${params.memory_mb} MB"

    input:
    path fasta
    path indices
    path regions
    path variants
    path genes

    output:
    path 'manifest.json'

    script:
    def bed = params.regions ? "--regions '${regions}'" : ''
    def vcf = params.variants ? "--variants '${variants}'" : ''
    def annotation = params.variants && params.genes ? "--genes '${params.genes == 'none' ? 'none' : genes}'" : ''
    def model = params.model ? "--model '${params.model}'" : ''
    """
    genoconv shard plan '${fasta}' ${bed} ${vcf} ${annotation} ${model} ${params.options} --device ${params.device} \\
        --memory ${((params.memory_mb as int) * 9).intdiv(10)}M --threads ${params.threads} --shards ${params.shards} -o manifest.json
    """
}

process SHARD {
    tag "${id}"
    cpus params.threads
    memory "${params.memory_mb} MB"
    errorStrategy 'retry'
    maxRetries 2

    input:
    val id
    path manifest
    path fasta
    path indices
    path variants
    path genes

    output:
    path "shards/${id}.{arrow,vcf}", emit: rows
    path "shards/${id}.json", emit: sidecar

    script:
    """
    genoconv shard run '${manifest}' ${id} --device ${params.device} --threads ${task.cpus}
    """
}

process MERGE {
    cpus 1
    memory '2 GB'
    publishDir params.outdir, mode: 'copy'

    input:
    path manifest
    path rows, stageAs: 'shards/*'
    path sidecars, stageAs: 'shards/*'

    output:
    path params.output

    script:
    """
    genoconv shard merge '${manifest}' -o '${params.output}'
    """
}

workflow {
    if (!params.fasta) {
        error 'give --fasta'
    }
    fasta = file(params.fasta, checkIfExists: true)
    ends = params.fasta ==~ /.*\.b?gzf?/ ? ['.fai', '.gzi'] : ['.fai']
    indices = ends.collect { end -> file("${params.fasta}${end}", checkIfExists: true) }
    regions = params.regions ? file(params.regions, checkIfExists: true) : []
    variants = params.variants ? file(params.variants, checkIfExists: true) : []
    genes = params.genes && params.genes != 'none' ? file(params.genes, checkIfExists: true) : []

    manifest = PLAN(fasta, indices, regions, variants, genes)
    ids = Channel.fromList((0..<(params.shards as int)).toList())
    SHARD(ids, manifest.first(), fasta, indices, variants, genes)
    MERGE(manifest, SHARD.out.rows.collect(), SHARD.out.sidecar.collect())
}
