using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class JsonErrorsTests
{
    private static readonly JsonSerializerOptions Options = CreateOptions();

    [TestCase("""{"some_text": 1}""", "some_text", "must be a string")]
    [TestCase("""{"some_text": {}}""", "some_text", "must be a string")]
    [TestCase("""{"some_text": "\ud83d"}""", "some_text", "must be a string")]
    [TestCase("""{"flag": "true"}""", "flag", "must be true or false")]
    [TestCase("""{"flag": null}""", "flag", "must be true or false")]
    [TestCase("""{"number": "1"}""", "number", "must be a whole number")]
    [TestCase("""{"number": 1.5}""", "number", "must be a whole number")]
    [TestCase("""{"number": null}""", "number", "must be a whole number")]
    [TestCase("""{"number": 9223372036854775808}""", "number", "must be a whole number")]
    [TestCase("""{"optional": true}""", "optional", "must be a whole number")]
    [TestCase("""{"small": 3000000000}""", "small", "must be a whole number")]
    [TestCase("""{"color": "blue"}""", "color", "must be one of red, dark_green")]
    [TestCase("""{"color": 0}""", "color", "must be one of red, dark_green")]
    [TestCase("""{"inner": 1}""", "inner", "must be an object")]
    [TestCase("""{"inner": []}""", "inner", "must be an object")]
    [TestCase("""{"inner": {"number": ""}}""", "inner.number", "must be a whole number")]
    [TestCase("""{"items": 1}""", "items", "must be a list")]
    [TestCase("""{"items": {}}""", "items", "must be a list")]
    [TestCase("""{"items": [{}, 1]}""", "items[1]", "must be an object")]
    [TestCase("""{"items": [{}, {"flag": 1}]}""", "items[1].flag", "must be true or false")]
    [TestCase("""{"numbers": [1, "2"]}""", "numbers[1]", "must be a whole number")]
    [TestCase("[]", "body", "must be an object")]
    [TestCase("1", "body", "must be an object")]
    [TestCase("\"text\"", "body", "must be an object")]
    public void Describe_WrongType_SaysWhatItMustBe(string json, string field, string message) =>
        Assert.That(Describe(json), Is.EqualTo((field, message)));

    [TestCase("""{"unlimied": 1}""", "unlimied")]
    [TestCase("""{"Number": 1}""", "Number")]
    [TestCase("""{"someText": "a"}""", "someText")]
    [TestCase("""{"inner": {"unlimied": 1}}""", "inner.unlimied")]
    [TestCase("""{"items": [{"unlimied": 1}]}""", "items[0].unlimied")]
    public void Describe_UnknownField_SaysSo(string json, string field) =>
        Assert.That(Describe(json), Is.EqualTo((field, "is unknown")));

    // Names that must be escaped in a path.
    [TestCase("a b")]
    [TestCase("a.b")]
    [TestCase(".")]
    [TestCase("$")]
    [TestCase("$.number")]
    [TestCase("inner.number")]
    [TestCase("[0]")]
    [TestCase("numbers[0]")]
    [TestCase("a'b")]
    [TestCase("it's")]
    [TestCase("a/b")]
    [TestCase("a\"b")]
    [TestCase("a\\b")]
    [TestCase("a\nb")]
    [TestCase("é")]
    [TestCase("😀")]
    public void Describe_UnknownFieldOfAnyName_NamesItAsTheCallerDoes(string name)
    {
        var field = JsonSerializer.Serialize(name);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Describe("{" + field + ": 1}"), Is.EqualTo((name, "is unknown")));
            Assert.That(
                Describe("{\"inner\": {" + field + ": 1}}"),
                Is.EqualTo(($"inner.{name}", "is unknown"))
            );
            Assert.That(
                Describe("{\"items\": [{}, {" + field + ": 1}]}"),
                Is.EqualTo(($"items[1].{name}", "is unknown"))
            );
        }
    }

    [TestCase("""{"number": 1, "number": 2}""", "number")]
    [TestCase("""{"number": 1, "num\u0062er": 1}""", "number")]
    [TestCase("""{"inner": {"number": 1, "number": 2}}""", "inner.number")]
    public void Describe_FieldGivenTwice_SaysSo(string json, string field) =>
        Assert.That(Describe(json), Is.EqualTo((field, "must be given only once")));

    [TestCase("{", "is not valid JSON (line 1, byte 2)")]
    [TestCase("", "is not valid JSON (line 1, byte 1)")]
    [TestCase("{\n  \"number\": 01}", "is not valid JSON (line 2, byte 14)")]
    [TestCase("""{"number": 1,}""", "is not valid JSON (line 1, byte 14)")]
    [TestCase("""{"number": 1} x""", "is not valid JSON (line 1, byte 15)")]
    [TestCase("""{'number': 1}""", "is not valid JSON (line 1, byte 2)")]
    [TestCase("""{"number": NaN}""", "is not valid JSON (line 1, byte 12)")]
    public void Describe_NoJson_SaysWhere(string json, string message) =>
        Assert.That(Describe(json), Is.EqualTo(("body", message)));

    [Test]
    public void Describe_NestedTooDeep_IsNotValidJson() =>
        Assert.That(
            Describe(string.Concat(Enumerable.Repeat("""{"inner":""", 65))),
            Is.EqualTo(("body", "is not valid JSON (line 1, byte 577)"))
        );

    [TestCase("""{"some_text": 1}""")]
    [TestCase("""{"unlimied": 1}""")]
    [TestCase("""{"color": "blue"}""")]
    [TestCase("[]")]
    [TestCase("{")]
    public void Describe_AnyFault_NamesNoClrType(string json) =>
        Assert.That(Describe(json).Message, Does.Not.Contain("System").And.Not.Contain("Sample"));

    private static (string Field, string Message) Describe(string json)
    {
        var exception = Assert.Throws<JsonException>(() =>
            JsonSerializer.Deserialize<Sample>(json, Options)
        );
        return JsonErrors.Describe(exception, Options.GetTypeInfo(typeof(Sample)));
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        ApiJson.Configure(options);
        return options;
    }

    private enum Color
    {
        Red,
        DarkGreen,
    }

    private sealed record Sample(
        string? SomeText,
        long Number,
        long? Optional,
        int Small,
        bool Flag,
        Color Color,
        Sample? Inner,
        IReadOnlyList<Sample>? Items,
        List<long>? Numbers
    );
}
