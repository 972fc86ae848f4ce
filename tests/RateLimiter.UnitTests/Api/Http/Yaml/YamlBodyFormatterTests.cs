using System.Text;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Yaml;
using RateLimiter.Api.Policies;
using RateLimiter.Api.Registration;

namespace RateLimiter.UnitTests.Api.Http.Yaml;

public sealed class YamlBodyFormatterTests
{
    private readonly YamlBodyFormatter formatter = new(typeof(RegisterRequest));

    [TestCase("application/yaml", true)]
    [TestCase("application/yaml; charset=utf-8", true)]
    [TestCase("text/yaml", true)]
    [TestCase("application/x-yaml", true)]
    [TestCase("application/json", false)]
    [TestCase("text/plain", false)]
    public void CanRead_ContentType_IsYaml(string contentType, bool expected)
    {
        var context = Context([], contentType: contentType);

        Assert.That(formatter.CanRead(context), Is.EqualTo(expected));
    }

    [Test]
    public void CanRead_AnotherType_IsNotForIt() =>
        Assert.That(formatter.CanRead(Context([], typeof(SavePolicyRequest))), Is.False);

    [Test]
    public async Task Read_Mapping_IsTheModel()
    {
        var result = await ReadAsync(Context([.. "name: My app"u8]));

        Assert.That(result.Model, Is.EqualTo(new RegisterRequest("My app")));
    }

    [Test]
    public async Task Read_ByteOrderMark_IsLeftOut()
    {
        var result = await ReadAsync(Context([.. Encoding.UTF8.Preamble, .. "name: My app"u8]));

        Assert.That(result.Model, Is.EqualTo(new RegisterRequest("My app")));
    }

    [TestCase("")]
    [TestCase("# nothing")]
    [TestCase("~")]
    public async Task Read_Nothing_IsNoModel(string yaml)
    {
        var result = await ReadAsync(Context(Encoding.UTF8.GetBytes(yaml)));

        Assert.That((result.HasError, result.IsModelSet), Is.EqualTo((false, false)));
    }

    [TestCase("name: 1", "name", "must be a string")]
    [TestCase("nam: a", "nam", "is unknown")]
    [TestCase("name: a\nname: b", "name", "must be given only once")]
    [TestCase("name: [", "body", "is not valid YAML (line 2, column 1)")]
    [TestCase("name: !!str a", "body", "must not have tags (line 1, column 7)")]
    public async Task Read_Fault_IsListedUnderItsField(string yaml, string field, string message)
    {
        var context = Context(Encoding.UTF8.GetBytes(yaml));

        var result = await ReadAsync(context);

        Assert.That(result.HasError, Is.True);
        Assert.That(context.ModelState.Keys, Is.EqualTo(new[] { field }));
        Assert.That(context.ModelState[field]!.Errors.Single().ErrorMessage, Is.EqualTo(message));
    }

    [Test]
    public async Task Read_InvalidUtf8_IsListed()
    {
        var context = Context([.. "name: "u8, 0xff]);

        var result = await ReadAsync(context);

        Assert.That(result.HasError, Is.True);
        Assert.That(
            context.ModelState["body"]!.Errors.Single().ErrorMessage,
            Is.EqualTo("is not UTF-8")
        );
    }

    private Task<InputFormatterResult> ReadAsync(InputFormatterContext context) =>
        formatter.ReadRequestBodyAsync(context, formatter.SupportedEncodings.Single());

    private static InputFormatterContext Context(
        byte[] yaml,
        Type? type = null,
        string contentType = "application/yaml"
    )
    {
        var http = Requests.Context();
        http.Request.ContentType = contentType;
        http.Request.Body = new MemoryStream(yaml);
        return new InputFormatterContext(
            http,
            modelName: "",
            new ModelStateDictionary(),
            new EmptyModelMetadataProvider().GetMetadataForType(type ?? typeof(RegisterRequest)),
            (stream, encoding) => new StreamReader(stream, encoding)
        );
    }
}
