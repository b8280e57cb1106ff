"""Delivery: memos reach people by e-mail and chat, each visibly arrived or visibly not."""
