using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.Extensions.Primitives;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class TimeBinderTests
{
    [TestCase("2026-02-03T04:05:06Z", "2026-02-03T04:05:06.0000000+00:00")]
    [TestCase("2026-02-03t04:05:06z", "2026-02-03T04:05:06.0000000+00:00")]
    [TestCase("2026-02-03T04:05:06.789Z", "2026-02-03T04:05:06.7890000+00:00")]
    [TestCase("2026-02-03T04:05:06.123456789Z", "2026-02-03T04:05:06.1234568+00:00")]
    [TestCase("2026-02-03T04:05:06+01:00", "2026-02-03T04:05:06.0000000+01:00")]
    [TestCase("2026-02-03T04:05:06-00:00", "2026-02-03T04:05:06.0000000+00:00")]
    public async Task Bind_Rfc3339_IsThatTime(string text, string expected)
    {
        var context = await BindAsync(text);

        Assert.That(
            ((DateTimeOffset)context.Result.Model!).ToString("O", CultureInfo.InvariantCulture),
            Is.EqualTo(expected)
        );
    }

    [TestCase("")]
    [TestCase("2026-02-03")]
    [TestCase("2026-02-03T04:05:06")]
    [TestCase("2026-02-03T04:05Z")]
    [TestCase("2026-02-03 04:05:06Z")]
    [TestCase("2026-02-03T04:05:06 01:00")]
    [TestCase("2026-02-03T04:05:06+0100")]
    [TestCase("2026-02-30T04:05:06Z")]
    [TestCase("2026-02-03T24:00:01Z")]
    [TestCase("2026-02-03T04:05:06+99:00")]
    [TestCase("0001-01-01T00:00:00+14:00")]
    [TestCase("2026-02-03T04:05:06Z\n")]
    [TestCase("٢٠٢٦-02-03T04:05:06Z")]
    [TestCase("02/03/2026 04:05:06 +00:00")]
    [TestCase("1795501010464")]
    [TestCase("now")]
    public async Task Bind_AnythingElse_IsAFault(string text)
    {
        var context = await BindAsync(text);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(context.Result.IsModelSet, Is.False);
            Assert.That(
                context.ModelState["from"]!.Errors.Single().ErrorMessage,
                Does.StartWith("must be a time")
            );
        }
    }

    [Test]
    public async Task Bind_NotGiven_IsNothing()
    {
        var context = await BindAsync(null);

        Assert.That(
            (context.Result.IsModelSet, context.ModelState.IsValid),
            Is.EqualTo((false, true))
        );
    }

    private static async Task<ModelBindingContext> BindAsync(string? text)
    {
        var query = new QueryCollection(
            text is null ? [] : new Dictionary<string, StringValues> { ["from"] = text }
        );
        var context = new DefaultModelBindingContext
        {
            ActionContext = new ActionContext(),
            ModelName = "from",
            ModelMetadata = new EmptyModelMetadataProvider().GetMetadataForType(
                typeof(DateTimeOffset?)
            ),
            ModelState = new ModelStateDictionary(),
            ValueProvider = new QueryStringValueProvider(
                BindingSource.Query,
                query,
                CultureInfo.InvariantCulture
            ),
        };
        await new TimeBinder().BindModelAsync(context);
        return context;
    }
}
