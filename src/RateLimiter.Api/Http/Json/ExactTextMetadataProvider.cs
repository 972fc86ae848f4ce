using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;

namespace RateLimiter.Api.Http.Json;

/// <summary>An empty string in a query is an empty string, as in a body, and not an omitted one.</summary>
internal sealed class ExactTextMetadataProvider : IDisplayMetadataProvider
{
    public void CreateDisplayMetadata(DisplayMetadataProviderContext context)
    {
        if (context.Key.ModelType == typeof(string))
        {
            context.DisplayMetadata.ConvertEmptyStringToNull = false;
        }
    }
}
