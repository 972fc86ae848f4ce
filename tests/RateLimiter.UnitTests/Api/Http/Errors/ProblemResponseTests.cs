using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Errors;

namespace RateLimiter.UnitTests.Api.Http.Errors;

public sealed class ProblemResponseTests
{
    [TestCase(400, "Bad Request")]
    [TestCase(401, "Unauthorized")]
    [TestCase(404, "Not Found")]
    [TestCase(409, "Conflict")]
    [TestCase(413, null)]
    [TestCase(415, "Unsupported Media Type")]
    [TestCase(429, "Too Many Requests")]
    [TestCase(500, null)]
    [TestCase(503, "Service Unavailable")]
    public void Create_Status_HasEveryMemberOfAProblem(int status, string? title)
    {
        var http = Requests.Context();
        http.TraceIdentifier = "trace";

        var problem = ProblemResponse.Create(http, status, "Why.").Problem();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem.Status, Is.EqualTo(status));
            Assert.That(problem.Title, title is null ? Is.Not.Empty : Is.EqualTo(title));
            Assert.That(problem.Type, Is.Not.Empty);
            Assert.That(problem.Detail, Is.EqualTo("Why."));
            Assert.That(problem.Extensions["trace_id"], Is.EqualTo("trace"));
        }
    }

    [Test]
    public void Create_WithinATrace_HasItsId()
    {
        using var activity = new Activity("request").Start();

        var problem = ProblemResponse.Create(Requests.Context(), 404, "Why.").Problem();

        Assert.That(problem.Extensions["trace_id"], Is.EqualTo(activity.TraceId.ToHexString()));
    }

    [Test]
    public void Validation_Faults_Is400WithTheFields()
    {
        var faults = new ModelStateDictionary();
        faults.AddModelError("route_key", "is required");

        var problem = ProblemResponse.Validation(Requests.Context(), faults).Problem();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem.Status, Is.EqualTo(400));
            Assert.That(
                ((ValidationProblemDetails)problem).Errors["route_key"],
                Is.EqualTo(new[] { "is required" })
            );
            Assert.That(problem.Extensions, Contains.Key("trace_id"));
        }
    }

    [TestCase(404, "There is nothing at this path.")]
    [TestCase(405, "This path does not answer PATCH.")]
    [TestCase(
        415,
        "The body must be JSON in UTF-8, or for PUT /policy/import YAML, and Content-Type must say so."
    )]
    [TestCase(400, "The request cannot be answered.")]
    public async Task WriteStatus_StatusWithoutABody_ExplainsIt(int status, string detail)
    {
        var http = Requests.Context();
        http.Request.Path = "/nowhere";
        http.Request.Method = "PATCH";
        http.Response.StatusCode = status;

        await ProblemResponse.WriteStatusAsync(
            new StatusCodeContext(http, new StatusCodePagesOptions(), _ => Task.CompletedTask)
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(http.Response.StatusCode, Is.EqualTo(status));
            Assert.That(http.Response.ContentType, Is.EqualTo("application/problem+json"));
            Assert.That(http.Response.Json().GetProperty("detail").GetString(), Is.EqualTo(detail));
        }
    }

    [TestCase(1, "1")]
    [TestCase(9_999_999, "1")]
    [TestCase(10_000_000, "1")]
    [TestCase(10_000_001, "2")]
    [TestCase(315_360_000_000_000, "31536000")]
    [TestCase(315_360_000_000_001, "31536001")]
    public void SetRetryAfter_Wait_IsInWholeSecondsRoundedUp(long ticks, string seconds)
    {
        var response = Requests.Context().Response;

        response.SetRetryAfter(TimeSpan.FromTicks(ticks));

        Assert.That(response.Headers.RetryAfter.ToString(), Is.EqualTo(seconds));
    }
}
