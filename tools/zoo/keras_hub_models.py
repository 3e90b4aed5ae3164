"""The backbones and tasks of keras_hub in small configurations; nothing is downloaded."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

# Arguments of a small model, by name; most backbones have the same names.
SMALL: dict[str, Any] = {
    "vocabulary_size": 40, "vocab_size": 40, "num_layers": 2, "num_heads": 2, "hidden_dim": 8,
    "intermediate_dim": 16, "embedding_dim": 8, "max_sequence_length": 12, "num_query_heads": 4,
    "num_key_value_heads": 2, "head_dim": 4, "patch_size": 4, "num_attention_heads": 4,
    "num_experts": 4, "top_k": 2, "mlp_dim": 16, "dropout": 0.1,
}  # fmt: skip
SIZE = (32, 32, 3)


def backbones() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields the builders of all backbones."""
    import keras_hub

    kinds = vars(keras_hub.models)
    for name, cls in sorted(kinds.items()):
        if not inspect.isclass(cls) or not issubclass(cls, keras_hub.models.Backbone):
            continue
        if name not in ("Backbone", "FeaturePyramidBackbone"):
            yield name, lambda cls=cls, name=name: cls(**_arguments(cls, name))
    for option in ("resnet_v2", "bottleneck_vd", "densenet", "vit_base", "gemma_soft_cap"):
        yield option, VARIANTS[option]


def _arguments(cls: type, name: str) -> dict[str, Any]:
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    needed = {
        key
        for key, it in parameters.items()
        if it.default is inspect.Parameter.empty and key in SMALL
    }
    given = {key: SMALL[key] for key in needed | ({"max_sequence_length"} & {*parameters})}
    if "image_shape" in parameters:
        given["image_shape"] = SIZE
    own = OWN.get(name, {})
    return {**given, **(own() if callable(own) else own)}


def _hub() -> Any:
    import keras_hub

    return keras_hub.models


def _resnet(**changes: Any) -> Any:
    options = {
        "input_conv_filters": [64], "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 64, 64, 64], "stackwise_num_blocks": [1, 2, 1, 1],
        "stackwise_num_strides": [1, 2, 2, 2], "block_type": "basic_block",
        "image_shape": (64, 64, 3),
    }  # fmt: skip
    return _hub().ResNetBackbone(**{**options, **changes})


def _vision(cls: str, **changes: Any) -> Any:
    options = {
        "patch_size": 8, "hidden_dim": 8, "num_layers": 2, "num_heads": 2,
        "intermediate_dim": 16, "image_shape": SIZE,
    }  # fmt: skip
    return getattr(_hub(), cls)(**{**options, **changes})


def _text(cls: str, **changes: Any) -> Any:
    options = {
        "vocabulary_size": 40, "embedding_dim": 8, "hidden_dim": 8, "num_layers": 2,
        "num_heads": 2, "intermediate_dim": 16, "max_sequence_length": 12,
    }  # fmt: skip
    return getattr(_hub(), cls)(**{**options, **changes})


def _mit() -> Any:
    return _hub().MiTBackbone(
        layerwise_depths=[1, 1, 1, 1], image_shape=(64, 64, 3), hidden_dims=[4, 8, 12, 16],
        num_layers=4, layerwise_num_heads=[1, 2, 2, 2], layerwise_sr_ratios=[8, 4, 2, 1],
        max_drop_path_rate=0.1, layerwise_patch_sizes=[7, 3, 3, 3],
        layerwise_strides=[4, 2, 2, 2],
    )  # fmt: skip


def _segment_anything() -> dict[str, Any]:
    import keras_hub

    size = 128
    return {
        "image_encoder": _hub().ViTDetBackbone(
            hidden_size=16, num_layers=2, intermediate_dim=32, num_heads=4, patch_size=16,
            global_attention_layer_indices=[1], num_output_channels=8, window_size=2,
            image_shape=(size, size, 3),
        ),
        "prompt_encoder": keras_hub.layers.SAMPromptEncoder(
            hidden_size=8, image_embedding_size=(8, 8), input_image_size=(size, size),
            mask_in_channels=16,
        ),
        "mask_decoder": keras_hub.layers.SAMMaskDecoder(
            num_layers=2, hidden_size=8, intermediate_dim=32, num_heads=2, embedding_dim=8,
            num_multimask_outputs=3, iou_head_depth=3, iou_head_hidden_dim=8,
        ),
    }  # fmt: skip


_EFFICIENT = {
    "stackwise_kernel_sizes": [3, 3, 5], "stackwise_num_repeats": [1, 2, 1],
    "stackwise_input_filters": [8, 8, 16], "stackwise_output_filters": [8, 16, 16],
    "stackwise_expansion_ratios": [1, 4, 4], "stackwise_strides": [1, 2, 2],
    "stackwise_squeeze_and_excite_ratios": [0.25, 0.25, 0.25],
    "stackwise_block_types": ["v1", "v1", "v1"], "stackwise_width_coefficients": [1.0] * 3,
    "stackwise_depth_coefficients": [1.0] * 3, "input_shape": (64, 64, 3), "num_features": 16,
}  # fmt: skip

OWN: dict[str, Any] = {
    "AlbertBackbone": {"num_groups": 1, "num_inner_repetitions": 2},
    "CSPNetBackbone": {
        "stem_filters": 32, "stem_kernel_size": 3, "stem_strides": 1,
        "stackwise_depth": [1, 2, 4], "stackwise_strides": [1, 2, 2],
        "stackwise_num_filters": [32, 64, 128], "block_type": "dark_block", "stage_type": "dark",
        "image_shape": (64, 64, 3),
    },
    "CLIPBackbone": lambda: {
        "vision_encoder": _vision("CLIPVisionEncoder", name="vision"),
        "text_encoder": _text("CLIPTextEncoder", name="text"), "projection_dim": 8,
    },
    "MetaCLIP2Backbone": lambda: {
        "vision_encoder": _vision("MetaCLIP2VisionEncoder", name="vision"),
        "text_encoder": _text("MetaCLIP2TextEncoder", name="text"), "projection_dim": 8,
    },
    "SigLIPBackbone": lambda: {
        "vision_encoder": _vision("SigLIPVisionEncoder", name="vision"),
        "text_encoder": _text("SigLIPTextEncoder", name="text"),
    },
    "BASNetBackbone": lambda: {
        "image_encoder": _resnet(
            stackwise_num_blocks=[1, 1, 1, 1], image_shape=(None, None, 3)
        ),
        "num_classes": 1, "image_shape": (64, 64, 3),
    },
    "BLIP2Backbone": lambda: {
        "vision_encoder": None, "qformer": None,
        "language_model": _hub().OPTBackbone(**_arguments(_hub().OPTBackbone, "OPTBackbone")),
    },
    "DeepLabV3Backbone": lambda: {
        "image_encoder": _resnet(), "spatial_pyramid_pooling_key": "P4",
        "low_level_feature_key": "P2", "upsampling_size": 4, "dilation_rates": [6, 12],
        "image_shape": (64, 64, 3),
    },
    "RetinaNetBackbone": lambda: {
        "image_encoder": _resnet(), "min_level": 3, "max_level": 5, "use_p5": False,
        "image_shape": (64, 64, 3),
    },
    "SegFormerBackbone": lambda: {"image_encoder": _mit(), "projection_filters": 8},
    "MiTBackbone": {
        "layerwise_depths": [1, 1, 1, 1], "hidden_dims": [4, 8, 12, 16], "num_layers": 4,
        "layerwise_num_heads": [1, 2, 2, 2], "layerwise_sr_ratios": [8, 4, 2, 1],
        "max_drop_path_rate": 0.1, "layerwise_patch_sizes": [7, 3, 3, 3],
        "layerwise_strides": [4, 2, 2, 2], "image_shape": (64, 64, 3),
    },
    "DepthAnythingBackbone": lambda: {
        "image_encoder": _hub().DINOV2Backbone(
            patch_size=14, num_layers=4, hidden_dim=8, num_heads=2, intermediate_dim=16,
            image_shape=(140, 140, 3), position_embedding_shape=(140, 140),
        ),
        "reassemble_factors": [4, 2, 1, 0.5], "neck_hidden_dims": [4, 8, 16, 32],
        "fusion_hidden_dim": 8, "head_hidden_dim": 4, "head_in_index": -1,
        "feature_keys": ["stage1", "stage2", "stage3", "stage4"],
    },
    "DenseNetBackbone": {"stackwise_num_repeats": [1, 2, 1, 1], "growth_rate": 4},
    "DeiTBackbone": {"image_shape": SIZE},
    "DINOV2Backbone": {"position_embedding_shape": SIZE},
    "EdRecBackbone": {"num_layers_enc": 1, "num_layers_dec": 1},
    "EfficientNetBackbone": _EFFICIENT,
    "FalconBackbone": {"num_attention_heads": 2},
    "FluxBackbone": {
        "input_channels": 8, "hidden_size": 8, "mlp_ratio": 2.0, "num_heads": 2, "depth": 1,
        "depth_single_blocks": 1, "axes_dim": [2, 2], "theta": 10000, "use_bias": True,
        "image_shape": (6, 8), "text_shape": (6, 8), "image_ids_shape": (6, 2),
        "text_ids_shape": (6, 2), "y_shape": (8,),
    },
    "Gemma3Backbone": {"image_size": 16},
    "Gemma4Backbone": {"image_size": 16},
    "HGNetV2Backbone": {
        "depths": [1, 1, 1, 1], "embedding_size": 8, "hidden_sizes": [8, 8, 16, 16],
        "stem_channels": [3, 8, 8], "hidden_act": "relu", "use_learnable_affine_block": False,
        "stackwise_stage_filters": [
            [8, 8, 8, 1, 1, 3], [8, 8, 8, 1, 1, 3], [8, 8, 16, 1, 1, 3], [16, 8, 16, 1, 1, 3],
        ],
        "apply_downsample": [False, True, True, True],
        "use_lightweight_conv_block": [False, False, True, True], "image_shape": (64, 64, 3),
    },
    "MobileNetBackbone": {
        "stackwise_expansion": [[8], [16, 16]], "stackwise_num_blocks": [1, 2],
        "stackwise_num_filters": [[8], [16, 16]], "stackwise_kernel_size": [[3], [5, 5]],
        "stackwise_num_strides": [[2], [2, 1]], "stackwise_se_ratio": [[0.25], [0.25, 0.25]],
        "stackwise_activation": [["relu"], ["hard_swish", "hard_swish"]],
        "stackwise_padding": [[1], [2, 2]], "output_num_filters": 16, "depthwise_filters": 8,
        "depthwise_stride": 2, "depthwise_residual": False, "last_layer_filter": 16,
        "squeeze_and_excite": 0.5, "image_shape": (64, 64, 3),
    },
    "MobileNetV5Backbone": {
        "stackwise_block_types": [["er"], ["uir", "uir"]], "stackwise_num_blocks": [1, 2],
        "stackwise_num_filters": [[8], [16, 16]], "stackwise_strides": [[2], [2, 1]],
        "stackwise_act_layers": [["relu"], ["relu", "relu"]],
        "stackwise_exp_ratios": [[4.0], [6.0, 6.0]], "stackwise_se_ratios": [[0.0], [0.0] * 2],
        "stackwise_dw_kernel_sizes": [[0], [5, 5]], "stackwise_exp_kernel_sizes": [[3], [0, 0]],
        "stackwise_pw_kernel_sizes": [[1], [0, 0]], "use_msfa": False,
        "stackwise_use_cpe": [[False], [False, False]], "image_shape": (64, 64, 3),
        **{
            f"stackwise_{key}": [[0], [0, 0]]
            for key in (
                "dw_start_kernel_sizes", "dw_end_kernel_sizes", "num_heads", "key_dims",
                "value_dims", "kv_strides",
            )
        },
    },
    "MoonshineBackbone": {
        "filter_dim": 8, "encoder_num_layers": 1, "decoder_num_layers": 1,
        "encoder_num_heads": 2, "decoder_num_heads": 2,
    },
    "PARSeqBackbone": lambda: {
        "image_encoder": _hub().ViTBackbone(
            image_shape=SIZE, patch_size=(8, 8), num_layers=1, num_heads=2, hidden_dim=8,
            mlp_dim=16, use_class_token=False, name="encoder",
        ),
        "max_label_length": 5, "decoder_hidden_dim": 8, "num_decoder_layers": 1,
        "num_decoder_heads": 2, "decoder_mlp_dim": 16,
    },
    "PaliGemmaBackbone": {
        "image_size": 16, "vit_patch_size": 4, "vit_num_heads": 2, "vit_hidden_dim": 8,
        "vit_num_layers": 1,
    },
    "Qwen3MoeBackbone": {"moe_intermediate_dim": 8},
    "Qwen3_5Backbone": {
        "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 4,
        "linear_value_head_dim": 4,
    },
    "Qwen3_5MoeBackbone": {
        "moe_intermediate_dim": 8, "shared_expert_intermediate_size": 8,
        "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 4,
        "linear_value_head_dim": 4,
    },
    "QwenMoeBackbone": {"moe_intermediate_dim": 8, "shared_expert_intermediate_dim": 8},
    "RWKV7Backbone": {"hidden_size": 8, "head_size": 4},
    "ResNetBackbone": {
        "input_conv_filters": [64], "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 64], "stackwise_num_blocks": [1, 2],
        "stackwise_num_strides": [1, 2], "block_type": "bottleneck_block",
    },
    "RoformerV2Backbone": {"head_size": 4},
    "SAMBackbone": lambda: _segment_anything(),
    "SmolLMBackbone": {
        "attention_bias": False, "attention_dropout": 0.0,
        "rope_layer_enabled_list": [True, True],
        "layer_types": ["full_attention", "full_attention"], "mlp_bias": False,
        "layer_norm_epsilon": 1e-5, "max_position_embeddings": 12, "rope_theta": 10000.0,
        "partial_rotary_factor": 1.0,
    },
    "SwinTransformerBackbone": {
        "image_shape": SIZE, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2],
        "window_size": 4,
    },
    "T5GemmaBackbone": {
        f"{side}_{key}": value
        for side in ("encoder", "decoder")
        for key, value in {
            "hidden_dim": 8, "intermediate_dim": 16, "num_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 4, "layer_types": ["full_attention"],
        }.items()
    },
    "VGGBackbone": {"stackwise_num_repeats": [1, 2], "stackwise_num_filters": [8, 16]},
    "ViTBackbone": {"patch_size": (8, 8)},
    "ViTDetBackbone": {
        "hidden_size": 8, "global_attention_layer_indices": [1], "window_size": 2,
        "num_output_channels": 8, "patch_size": 8,
    },
    "VideoPrismBackbone": {
        "num_frames": 2, "patch_size": 8, "num_spatial_layers": 1, "num_temporal_layers": 1,
        "num_auxiliary_layers": 0,
    },
    "WhisperBackbone": {"max_encoder_sequence_length": 12, "max_decoder_sequence_length": 12},
    "XceptionBackbone": {
        "stackwise_conv_filters": [[8, 8], [16, 16]], "stackwise_pooling": [True, False],
    },
}  # fmt: skip
OWN["SmolLM3Backbone"] = OWN["SmolLMBackbone"]
OWN["T5Gemma2Backbone"] = OWN["T5GemmaBackbone"]

VARIANTS: dict[str, Callable[[], Any]] = {
    "resnet_v2": lambda: _resnet(use_pre_activation=True, block_type="bottleneck_block"),
    "bottleneck_vd": lambda: _resnet(
        block_type="bottleneck_block_vd", input_conv_filters=[8, 8, 64],
        input_conv_kernel_sizes=[3, 3, 3],
    ),
    "densenet": lambda: _hub().DenseNetBackbone(stackwise_num_repeats=[2, 2, 2], growth_rate=4),
    "vit_base": lambda: _vision_transformer(),
    "gemma_soft_cap": lambda: _hub().GemmaBackbone(
        **{key: SMALL[key] for key in (
            "vocabulary_size", "num_layers", "num_query_heads", "num_key_value_heads",
            "hidden_dim", "intermediate_dim", "head_dim",
        )},
        attention_logit_soft_cap=50.0, final_logit_soft_cap=30.0, use_post_ffw_norm=True,
        use_post_attention_norm=True,
    ),
}  # fmt: skip


def _vision_transformer() -> Any:
    return _hub().ViTBackbone(
        image_shape=SIZE, patch_size=(8, 8), num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16
    )


def tasks() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields the builders of tasks over these backbones, compiled as keras_hub does it."""
    import keras_hub

    hub = keras_hub.models
    for name, cls in sorted(vars(hub).items()):
        if not inspect.isclass(cls) or not issubclass(cls, hub.Task) or cls is hub.Task:
            continue
        backbone = getattr(cls, "backbone_cls", None)
        if backbone is not None and inspect.isclass(backbone):
            yield name, lambda cls=cls, backbone=backbone: _task(cls, backbone)


def _task(cls: Any, backbone: Any) -> Any:
    parameters = inspect.signature(cls.__init__).parameters
    options = {"num_classes": 3} if "num_classes" in parameters else {}
    return cls(backbone=backbone(**_arguments(backbone, backbone.__name__)), **options)
