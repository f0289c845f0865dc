"""The commits of hub repositories that clusterlab's own configs mean, so that a model is the same
model next year. Any other repository is taken at its newest commit unless a config says which."""

from __future__ import annotations

REVISIONS = {
    "Salesforce/blip-image-captioning-base": "82a37760796d32b1411fe092ab5d4e227313294b",
    "dandelin/vilt-b32-finetuned-vqa": "d0a1f6ab88522427a7ae76ceb6e1e1e7b68a1d08",
    "facebook/dinov2-base": "f9e44c814b77203eaa57a6bdbbd535f21ede1415",
    "facebook/dinov2-small": "ed25f3a31f01632728cabb09d1542f84ab7b0056",
    "facebook/dinov3-vits16-pretrain-lvd1689m": "114c1379950215c8b35dfcd4e90a5c251dde0d32",
    "google/siglip2-base-patch16-224": "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2",
    "google/vit-base-patch16-224-in21k": "b4569560a39a0f1af58e3ddaf17facf20ab919b0",
    # The conversion to safetensors; the main branch has the .bin file alone.
    "openai/clip-vit-base-patch32": "c237dc49a33fc61debc9276459120b7eac67e7ef",
    "sentence-transformers/all-MiniLM-L6-v2": "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
    "sentence-transformers/all-mpnet-base-v2": "e8c3b32edf5434bc2275fc9bab85f82640a19130",
    "timm/convnext_tiny.fb_in1k": "b43a6303c9fcf176d2d707478a128c2c91e93528",
    "timm/convnext_tiny.in12k_ft_in1k": "aa096f03029c7f0ec052013f64c819b34f8ad790",
    "timm/efficientnet_b0.ra_in1k": "1b5383e5f79cc0f7fc067e372f8f26a5fa73f26a",
    "timm/mobilenetv2_100.ra_in1k": "5afa12513b048c79b9147a5d210e9bdc50035481",
    "timm/resnet50.a1_in1k": "767268603ca0cb0bfe326fa87277f19c419566ef",
    "timm/resnet50.tv_in1k": "78f3ecfdb38e06d9b8397f662e7ab8fee96026fa",
    "timm/vgg16.tv_in1k": "b8d8aa2dd860af9233c8c67385a8097fd6c35d3f",
    "timm/vit_base_patch14_dinov2.lvd142m": "4685c99dabffe5affac90bd99dbffd25801ae58d",
    "timm/vit_base_patch16_224.augreg2_in21k_ft_in1k": "063c6c38a5d8510b2e57df480445e94b231dad2c",
    "timm/vit_small_patch14_dinov2.lvd142m": "4610ca143709d58a633b6397a74412c2c3842454",
}
