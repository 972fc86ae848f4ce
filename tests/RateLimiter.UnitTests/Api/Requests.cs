using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api;

/// <summary>Requests without a server, with the services that error responses need.</summary>
internal static class Requests
{
    private static readonly ServiceProvider Services = CreateServices();

    public static DefaultHttpContext Context() =>
        new() { RequestServices = Services, Response = { Body = new MemoryStream() } };

    /// <summary>The body that was written, as JSON.</summary>
    public static JsonElement Json(this HttpResponse response)
    {
        response.Body.Position = 0;
        return JsonDocument.Parse(response.Body).RootElement;
    }

    /// <summary>The problem document that a filter or controller returned.</summary>
    public static ProblemDetails Problem(this IActionResult? result)
    {
        var answer = (ObjectResult)result!;
        var problem = (ProblemDetails)answer.Value!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.ContentTypes, Is.EqualTo(new[] { "application/problem+json" }));
            Assert.That(answer.StatusCode, Is.EqualTo(problem.Status));
        }

        return problem;
    }

    private static ServiceProvider CreateServices()
    {
        var services = new ServiceCollection();
        services
            .AddLogging()
            .AddMvcCore()
            .AddJsonOptions(options => ApiJson.Configure(options.JsonSerializerOptions));
        services.AddSingleton<ProblemDetailsFactory, ApiProblemDetailsFactory>();
        return services.BuildServiceProvider();
    }
}
