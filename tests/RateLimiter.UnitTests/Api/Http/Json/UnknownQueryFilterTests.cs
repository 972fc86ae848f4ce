using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Routing;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class UnknownQueryFilterTests
{
    [TestCase("")]
    [TestCase("?route_key=a")]
    [TestCase("?route_key=a&limit=1")]
    [TestCase("?route_key=")]
    public void OnResourceExecuting_KnownParameters_LetsThrough(string query) =>
        Assert.That(Execute(query), Is.Null);

    [TestCase("?rout_key=a", "rout_key", "is unknown")]
    [TestCase("?routeKey=a", "routeKey", "is unknown")]
    [TestCase("?Route_Key=a", "Route_Key", "is unknown")]
    [TestCase("?request=a", "request", "is unknown", Description = "bound from the body")]
    [TestCase("?cancellationToken=a", "cancellationToken", "is unknown")]
    [TestCase("?route_key=a&route_key=b", "route_key", "must be given only once")]
    [TestCase("?route_key=a&route_key=a", "route_key", "must be given only once")]
    public void OnResourceExecuting_OneParameterWrong_Is400AndNamesIt(
        string query,
        string name,
        string message
    )
    {
        var problem = (ValidationProblemDetails)Execute(query).Problem();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem.Status, Is.EqualTo(400));
            Assert.That(problem.Errors.Keys, Is.EqualTo(new[] { name }));
            Assert.That(problem.Errors[name], Is.EqualTo(new[] { message }));
        }
    }

    [Test]
    public void OnResourceExecuting_SeveralWrong_NamesThemAll() =>
        Assert.That(
            ((ValidationProblemDetails)Execute("?a=1&b=2&route_key=c").Problem()).Errors.Keys,
            Is.EquivalentTo(new[] { "a", "b" })
        );

    [Test]
    public void OnResourceExecuting_QueryOfSomebodyElse_LetsThrough() =>
        Assert.That(Execute("?a=1&route_key=b&route_key=c", new AnyQueryAttribute()), Is.Null);

    private static IActionResult? Execute(string query, params object[] metadata)
    {
        var http = Requests.Context();
        http.Request.QueryString = new QueryString(query);
        var action = new ActionDescriptor
        {
            EndpointMetadata = metadata,
            Parameters =
            [
                Parameter("routeKey", BindingSource.Query, "route_key"),
                Parameter("limit", BindingSource.Query),
                Parameter("request", BindingSource.Body),
                Parameter("cancellationToken", BindingSource.Special),
            ],
        };
        var context = new ResourceExecutingContext(new(http, new RouteData(), action), [], []);
        new UnknownQueryFilter().OnResourceExecuting(context);
        return context.Result;
    }

    private static ParameterDescriptor Parameter(
        string name,
        BindingSource source,
        string? binderName = null
    ) =>
        new()
        {
            Name = name,
            BindingInfo = new BindingInfo { BindingSource = source, BinderModelName = binderName },
        };
}
