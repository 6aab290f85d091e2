"""collect_articles 公众号文章采集: the articles of an official account, as a flow package."""
