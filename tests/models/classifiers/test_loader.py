def test_a_sound_artefact_loads(make_artefact):
    from models.classifiers.loader import load

    assert load(make_artefact()).manifest.name == "red"
