using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RateLimiter.Api.Http.Yaml;

namespace RateLimiter.UnitTests.Api.Http.Yaml;

public sealed class YamlWriterTests
{
    [Test]
    public void Write_AnyText_IsReadBackAsItWas() =>
        RandomTexts.ForEach(
            text =>
            {
                var json = new JsonObject { [text] = new JsonArray(text, 1, true, null) };

                Assert.That(
                    JsonNode.DeepEquals(JsonNode.Parse(YamlReaderTests.Read(Write(json))), json),
                    Is.True,
                    () => Write(json)
                );
            },
            "aZ09 :-_.#'\"{}[],&*!|>%@`~?\\/\n\r\t\0\u0001\u007f\u0085\u00a0\u00e9\u2028\ufeff\uffff\U0001F600"
        );

    [TestCase("yes")]
    [TestCase("No")]
    [TestCase("null")]
    [TestCase("~")]
    [TestCase("")]
    [TestCase(" a")]
    [TestCase("123")]
    [TestCase("1e3")]
    [TestCase("0x1")]
    [TestCase("1:30")]
    [TestCase("- a")]
    [TestCase("a: b")]
    [TestCase("a #b")]
    [TestCase("*")]
    [TestCase("two\nlines\n")]
    public void Write_TextThatMayBeTakenForMore_IsInQuotes(string text) =>
        Assert.That(Write(new JsonArray(text)).Trim(), Does.StartWith("- \"").And.EndWith("\""));

    [TestCase("search")]
    [TestCase("/api/v1/items")]
    [TestCase("For free accounts")]
    public void Write_PlainText_IsPlain(string text) =>
        Assert.That(Write(new JsonArray(text)).Trim(), Is.EqualTo($"- {text}"));

    private static string Write(JsonNode json) =>
        Encoding.UTF8.GetString(YamlWriter.Write(JsonSerializer.SerializeToElement(json)));
}
