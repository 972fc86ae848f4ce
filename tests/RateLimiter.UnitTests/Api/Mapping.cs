using AutoMapper;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api;

/// <summary>The maps of the API, configured as in the service.</summary>
internal static class Mapping
{
    public static readonly MapperConfiguration Configuration = new(options =>
    {
        // A policy of a single limit has no list of limits.
        options.AllowNullCollections = true;
        options.AddMaps(typeof(JsonBodyFormatter).Assembly);
    });

    public static readonly IMapper Mapper = Configuration.CreateMapper();
}
