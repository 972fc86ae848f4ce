using Microsoft.AspNetCore.Http;
using RateLimiter.Api.Http.Yaml;

namespace RateLimiter.UnitTests.Api.Http.Yaml;

public sealed class DocumentFormatsTests
{
    [TestCase(null, DocumentFormat.Json)]
    [TestCase("*/*", DocumentFormat.Json)]
    [TestCase("text/html", DocumentFormat.Json)]
    [TestCase("nonsense;;", DocumentFormat.Json)]
    [TestCase("application/json", DocumentFormat.Json)]
    [TestCase("application/yaml", DocumentFormat.Yaml)]
    [TestCase("Application/YAML", DocumentFormat.Yaml)]
    [TestCase("text/yaml", DocumentFormat.Yaml)]
    [TestCase("application/x-yaml", DocumentFormat.Yaml)]
    [TestCase("application/yaml, */*", DocumentFormat.Yaml)]
    [TestCase("application/yaml;q=0.5, application/json", DocumentFormat.Json)]
    [TestCase("application/yaml, application/json;q=0.5", DocumentFormat.Yaml)]
    [TestCase("application/yaml;q=0", DocumentFormat.Json)]
    public void Accepted_Header_IsWhatTheCallerWouldRatherHave(
        string? accept,
        DocumentFormat expected
    )
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Accept = accept;

        Assert.That(DocumentFormats.Accepted(http.Request), Is.EqualTo(expected));
    }
}
