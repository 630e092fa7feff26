"""Load a model, name its sites, score behind a shared prefix, record, finetune."""
