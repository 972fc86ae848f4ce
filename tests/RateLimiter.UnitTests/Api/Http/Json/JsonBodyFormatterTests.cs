using System.Text;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Registration;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class JsonBodyFormatterTests
{
    [TestCase("application/json", true)]
    [TestCase("application/json; charset=utf-8", true)]
    [TestCase("text/json", true)]
    [TestCase("application/merge-patch+json", true)]
    [TestCase("text/plain", false)]
    [TestCase("application/x-www-form-urlencoded", false)]
    [TestCase("application/xml", false)]
    public void CanRead_ContentType_IsJson(string contentType, bool expected)
    {
        var context = Context("{}");
        context.HttpContext.Request.ContentType = contentType;

        Assert.That(new JsonBodyFormatter().CanRead(context), Is.EqualTo(expected));
    }

    [Test]
    public async Task Read_Object_IsTheModel()
    {
        var result = await ReadAsync(Context("""{"name": "My app"}"""));

        Assert.That(result.Model, Is.EqualTo(new RegisterRequest("My app")));
    }

    [Test]
    public async Task Read_Null_IsNoModel()
    {
        var result = await ReadAsync(Context("null"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.HasError, Is.False);
            Assert.That(result.IsModelSet, Is.False);
        }
    }

    [TestCase("""{"name": 1}""", "name", "must be a string")]
    [TestCase("""{"nam": "a"}""", "nam", "is unknown")]
    [TestCase("{", "body", "is not valid JSON (line 1, byte 2)")]
    public async Task Read_Fault_IsListedUnderItsField(string json, string field, string message)
    {
        var context = Context(json);

        var result = await ReadAsync(context);

        Assert.That(result.HasError, Is.True);
        Assert.That(context.ModelState.Keys, Is.EqualTo(new[] { field }));
        Assert.That(context.ModelState[field]!.Errors.Single().ErrorMessage, Is.EqualTo(message));
    }

    [Test]
    public async Task Read_InvalidUtf8_IsListed()
    {
        var context = Context("");
        context.HttpContext.Request.Body = new MemoryStream([
            .. "{\"name\": \""u8,
            0xff,
            .. "\"}"u8,
        ]);

        var result = await ReadAsync(context);

        Assert.That(result.HasError, Is.True);
        Assert.That(context.ModelState.ErrorCount, Is.EqualTo(1));
    }

    private static Task<InputFormatterResult> ReadAsync(InputFormatterContext context) =>
        new JsonBodyFormatter().ReadRequestBodyAsync(context, Encoding.UTF8);

    private static InputFormatterContext Context(string json)
    {
        var http = Requests.Context();
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return new InputFormatterContext(
            http,
            modelName: "",
            new ModelStateDictionary(),
            new EmptyModelMetadataProvider().GetMetadataForType(typeof(RegisterRequest)),
            (stream, encoding) => new StreamReader(stream, encoding)
        );
    }
}
